// SPDX-License-Identifier: Apache-2.0
#include "core/config/annotations.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <regex>

#include "core/config/json_text.h"
#include "core/config/kata_names.h"
#include "core/config/known_keys.h"
#include "core/config/nearest.h"
#include "kata/concat.h"

namespace kata::config {

namespace {

constexpr std::string_view kPrefix = "io.katacontainers.config.";
constexpr std::size_t kLongestKey = 128, kLongestValue = 4096;
constexpr std::uint64_t kMaxMemoryMib = 16ULL << 20, kMaxCpus = 1024, kDay = 86400;

enum class Form { kBoolean, kInteger, kText, kPath, kWordsByComma, kWordsBySemicolon };

struct Known {
  std::string_view name{};  // "default_vcpus", "runtime.disable_guest_seccomp"
  Form form = Form::kText;
  std::uint64_t least = 0, most = 0;                          // of integers
  void (*store)(Config&, const std::string& json) = nullptr;  // null: the plugin's key of this name
};

template <auto Part, auto Member>
void store(Config& config, const std::string& json) {
  auto& target = config.*Part.*Member;
  using Target = std::remove_reference_t<decltype(target)>;
  if constexpr (std::is_same_v<Target, bool>)
    target = json == "true";
  else if constexpr (std::is_integral_v<Target>)
    target = static_cast<Target>(integer_of(json).value_or(0));
  else if constexpr (std::is_same_v<Target, std::vector<std::string>>)
    target = strings_of(json).value_or(Target());
  else
    target = string_of(json).value_or("");
}

void store_image(Config& config, const std::string& json) {
  config.vm.image = string_of(json).value_or("");
  config.vm.initrd.clear();
}

void store_initrd(Config& config, const std::string& json) {
  config.vm.initrd = string_of(json).value_or("");
  config.vm.image.clear();
}

// The later word wins in the kernel.
void add_kernel_params(Config& config, const std::string& json) {
  std::string& params = config.vm.kernel_params;
  if (!params.empty()) params += ' ';
  params += string_of(json).value_or("");
}

constexpr Known kKnown[] = {
    {"kernel", Form::kPath, 0, 0, store<&Config::vm, &VmConfig::kernel>},
    {"initrd", Form::kPath, 0, 0, store_initrd},
    {"image", Form::kPath, 0, 0, store_image},
    {"kernel_params", Form::kText, 0, 0, add_kernel_params},
    {"default_vcpus", Form::kInteger, 1, kMaxCpus, store<&Config::vm, &VmConfig::default_vcpus>},
    {"default_max_vcpus", Form::kInteger, 0, kMaxCpus,
     store<&Config::vm, &VmConfig::default_maxvcpus>},
    {"default_memory", Form::kInteger, 64, kMaxMemoryMib,
     store<&Config::vm, &VmConfig::default_memory_mib>},
    {"enable_hugepages", Form::kBoolean, 0, 0, store<&Config::vm, &VmConfig::enable_hugepages>},
    {"path", Form::kPath},
    {"machine_type", Form::kText},
    {"machine_accelerators", Form::kText},
    {"cpu_features", Form::kText},
    {"firmware", Form::kPath},
    {"entropy_source", Form::kPath},
    {"disable_vhost_net", Form::kBoolean},
    {"virtio_fs_daemon", Form::kPath},
    {"virtio_fs_cache", Form::kText},
    {"virtio_fs_extra_args", Form::kWordsByComma},
    {"rx_rate_limiter_max_rate", Form::kInteger, 0, INT64_MAX},
    {"tx_rate_limiter_max_rate", Form::kInteger, 0, INT64_MAX},
    {"runtime.disable_guest_seccomp", Form::kBoolean, 0, 0,
     store<&Config::runtime, &RuntimeConfig::disable_guest_seccomp>},
    {"runtime.sandbox_cgroup_only", Form::kBoolean, 0, 0,
     store<&Config::runtime, &RuntimeConfig::sandbox_cgroup_only>},
    {"runtime.create_container_timeout", Form::kInteger, 1, kDay,
     store<&Config::agent, &AgentConfig::create_container_timeout_s>},
    {"runtime.internetworking_model", Form::kText},
    {"runtime.disable_new_netns", Form::kBoolean},
    {"agent.kernel_modules", Form::kWordsBySemicolon, 0, 0,
     store<&Config::agent, &AgentConfig::kernel_modules>},
    {"agent.container_pipe_size", Form::kInteger, 0, 1U << 30,
     store<&Config::agent, &AgentConfig::container_pipe_size>},
};

const Known* find_known(std::string_view name) {
  const auto found = std::find_if(std::begin(kKnown), std::end(kKnown),
                                  [name](const Known& known) { return known.name == name; });
  return found == std::end(kKnown) ? nullptr : found;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Kata's two runtimes write a list as JSON and as words between commas.
std::string words_json(const std::string& text, char separator) {
  return strings_of(text) ? text : to_json(split(text, separator));
}

bool matches(const std::string& name, const std::string& pattern) {
  if (name == pattern) return true;
  try {
    return std::regex_match(name, std::regex(pattern));
  } catch (const std::regex_error&) {  // too costly for the library: not a match
    return false;
  }
}

class Application {
 public:
  explicit Application(Config& config) : config_(config) {}

  Result<void> apply(const std::string& annotation, const std::string& value) {
    const std::string name = name_of(annotation);
    const std::string where = concat("annotation ", annotation);
    if (!is_enabled(name)) return not_enabled(where, name);
    if (value.size() > kLongestValue || value.find('\0') != std::string::npos)
      return refuse(where, "expected at most 4096 bytes without NUL");
    const Known* known = find_known(name);
    if (known == nullptr) return judge(where, name);
    const std::string json = KATA_TRY(json_of(*known, value), where);
    if (name == "kernel_params") KATA_TRY(check_kernel_params(value, config_.agent), where);
    if (known->form == Form::kPath) KATA_TRY(check_path(name, string_of(json).value_or("")), where);
    applied_.names.push_back(annotation);
    if (known->store != nullptr)
      known->store(config_, json);
    else
      give_to_plugin(annotation, name.substr(name.find('.') + 1), json);
    return {};
  }

  AppliedAnnotations take() { return std::move(applied_); }

 private:
  // "hypervisor.path" → "path"; "runtime.x" stays.
  static std::string name_of(const std::string& annotation) {
    const std::string name = annotation.substr(kPrefix.size());
    constexpr std::string_view kUsual = "hypervisor.";
    return name.starts_with(kUsual) ? name.substr(kUsual.size()) : name;
  }

  std::string table() const { return concat("[hypervisor.", config_.hypervisor.name, "]"); }

  bool is_enabled(const std::string& name) const {
    const auto& patterns = config_.vm.enable_annotations;
    return name.size() <= kLongestKey &&
           std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return matches(name, pattern); });
  }

  Error not_enabled(const std::string& where, const std::string& name) const {
    return make_error(
        ErrorCode::kPermission,
        concat(where, " is not enabled: add \"", name.substr(0, kLongestKey),
               "\" to enable_annotations in ", table(),
               " if whoever creates containers may set it, or take the annotation away"));
  }

  static Error refuse(const std::string& where, std::string_view what) {
    return make_error(ErrorCode::kInvalidArgument, concat(where, ": ", what));
  }

  Result<void> judge(const std::string& where, const std::string& name) {
    const std::size_t dot = name.find('.');
    const std::string section = dot == std::string::npos ? "hypervisor" : name.substr(0, dot);
    if (is_not_implemented(section, name.substr(dot == std::string::npos ? 0 : dot + 1))) {
      applied_.warnings.push_back(
          concat(where, " is known to Kata but not implemented yet; ignored"));
      return {};
    }
    std::vector<std::string_view> names;
    for (const Known& known : kKnown) names.push_back(known.name);
    return refuse(where, concat("no such key", suggestion(name, names)));
  }

  static Result<std::string> json_of(const Known& known, const std::string& value) {
    switch (known.form) {
      case Form::kBoolean:
        if (value == "true" || value == "false") return value;
        return expected("true or false", value);
      case Form::kInteger: {
        std::uint64_t number = 0;
        const char* const end = value.data() + value.size();
        const auto [after, failure] = std::from_chars(value.data(), end, number);
        if (failure == std::errc{} && after == end && number >= known.least && number <= known.most)
          return std::to_string(number);
        return expected(concat("an integer from ", known.least, " to ", known.most), value);
      }
      case Form::kPath: {
        const auto path = std::filesystem::path(value).lexically_normal();
        if (!path.is_absolute() || !path.has_filename())
          return expected("the absolute path of a file", value);
        return to_json(path.native());
      }
      case Form::kWordsByComma:
        return words_json(value, ',');
      case Form::kWordsBySemicolon:
        return to_json(split(value, ';'));
      case Form::kText:
        return to_json(value);
    }
    return expected("a value", value);
  }

  static Error expected(std::string_view what, const std::string& found) {
    return make_error(ErrorCode::kInvalidArgument,
                      concat("expected ", what, ", found '", found.substr(0, 80), "'"));
  }

  // What runs or is opened on the host must be listed; what the guest is made of is only enabled.
  Result<void> check_path(const std::string& name, const std::string& path) const {
    const config::VmConfig& vm = config_.vm;
    const std::pair<const char*, const std::vector<std::string>*> lists[] = {
        {"path", &vm.valid_hypervisor_paths},
        {"virtio_fs_daemon", &vm.valid_virtio_fs_daemon_paths},
        {"entropy_source", &vm.valid_entropy_sources}};
    for (const auto& [key, globs] : lists) {
      if (name != key) continue;
      for (const std::string& glob : *globs)
        if (::fnmatch(glob.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) return {};
      const std::string list = name == "path"             ? "valid_hypervisor_paths"
                               : name == "entropy_source" ? "valid_entropy_sources"
                                                          : "valid_virtio_fs_daemon_paths";
      return make_error(ErrorCode::kPermission,
                        concat("'", path, "' matches nothing in ", list, " of ", table(),
                               ": add it there, or take the annotation away"));
    }
    return {};
  }

  void give_to_plugin(const std::string& annotation, const std::string& key,
                      const std::string& json) {
    const bool network = key.ends_with("_rate_limiter_max_rate") ||
                         key == "internetworking_model" || key == "disable_new_netns";
    const bool virtio_fs = key.starts_with("virtio_fs_");
    PluginChoice& choice = network     ? config_.network
                           : virtio_fs ? config_.shared_filesystem
                                       : config_.hypervisor;
    const bool selected = network     ? choice.name != "none"
                          : virtio_fs ? choice.name == kVirtioFsPlugin
                                      : true;
    if (selected)
      choice.keys.insert_or_assign(key, Value{json, {concat("annotation ", annotation), 0, 0}});
    else
      applied_.warnings.push_back(concat("annotation ", annotation, " is for a plugin that is not ",
                                         "selected: '", choice.name, "' is; ignored"));
  }

  Config& config_;
  AppliedAnnotations applied_{};
};

}  // namespace

Result<AppliedAnnotations> apply_annotations(
    Config& config, const std::map<std::string, std::string>& annotations) {
  Application application(config);
  for (const auto& [annotation, value] : annotations)
    if (annotation.starts_with(kPrefix)) KATA_TRY(application.apply(annotation, value), "");
  return application.take();
}

Result<void> check_enable_annotations(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    try {
      static_cast<void>(std::regex(pattern));
    } catch (const std::regex_error& error) {
      return make_error(ErrorCode::kInvalidArgument,
                        concat("enable_annotations: expected names or regular expressions, found '",
                               pattern, "': ", error.what()));
    }
  }
  return {};
}

}  // namespace kata::config
