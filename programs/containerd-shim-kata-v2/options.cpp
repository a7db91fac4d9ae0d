// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/options.h"

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "kata/concat.h"
#include "sandbox/store.h"

namespace kata::shim_v2 {

namespace {

struct TextFlag {
  std::string_view name;
  std::string Options::*target;
};

constexpr std::array<TextFlag, 5> kTextFlags = {{
    {"namespace", &Options::container_namespace},
    {"id", &Options::id},
    {"address", &Options::containerd_address},
    {"publish-binary", &Options::publish_binary},
    {"config-path", &Options::config_path},
}};

constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "FALSE", "false", "False"};

template <std::size_t kCount>
bool is_one_of(std::string_view word, const std::array<std::string_view, kCount>& words) {
  for (const std::string_view known : words)
    if (word == known) return true;
  return false;
}

Error bad(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message) + ": see -help");
}

// One word that begins with '-', and perhaps the one after it.
struct Flag {
  std::string_view name{};
  std::optional<std::string_view> value{};  // after '='
};

Flag split(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return {word, std::nullopt};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

class Parser {
 public:
  explicit Parser(std::span<const char* const> words) : words_(words) {}

  Result<Options> run() {
    while (at_ < words_.size()) {
      const std::string_view word = words_[at_++];
      if (word == "--") break;
      if (word.size() < 2 || word.front() != '-') {
        --at_;
        break;
      }
      KATA_TRY(take(split(word)), "");
    }
    KATA_TRY(take_verb(), "");
    return std::move(options_);
  }

 private:
  Result<void> take(const Flag& flag) {
    for (const TextFlag& known : kTextFlags)
      if (flag.name == known.name) return take_text(flag, options_.*known.target);
    std::string bundle, unused;
    if (flag.name == "bundle") {
      KATA_TRY(take_text(flag, bundle), "");
      options_.bundle = bundle;
      return {};
    }
    if (flag.name == "socket") return take_text(flag, unused);  // it is always inherited
    if (flag.name == "debug") return take_switch(flag, options_.debug);
    bool asked = false;
    KATA_TRY(take_switch(flag, asked), "");
    if (flag.name == "v" || flag.name == "version") return take_action(asked, Action::kVersion);
    if (flag.name == "info") return take_action(asked, Action::kInfo);
    if (flag.name == "h" || flag.name == "help") return take_action(asked, Action::kHelp);
    return bad(concat("flag -", flag.name, " is unknown"));
  }

  Result<void> take_text(const Flag& flag, std::string& target) {
    if (!flag.value && at_ == words_.size())
      return bad(concat("flag -", flag.name, " needs a value"));
    target = flag.value ? std::string(*flag.value) : std::string(words_[at_++]);
    return {};
  }

  static Result<void> take_switch(const Flag& flag, bool& target) {
    target = !flag.value || is_one_of(*flag.value, kTrue);
    if (!flag.value || target || is_one_of(*flag.value, kFalse)) return {};
    return bad(concat("flag -", flag.name, ": expected true or false, found '", *flag.value, "'"));
  }

  Result<void> take_action(bool asked, Action action) {
    if (asked) options_.action = action;
    return {};
  }

  Result<void> take_verb() {
    if (options_.action != Action::kServe) return {};
    const std::string_view verb = at_ < words_.size() ? words_[at_] : std::string_view();
    if (verb == "start")
      options_.action = Action::kStart;
    else if (verb == "delete")
      options_.action = Action::kDelete;
    else if (!verb.empty())
      return bad(concat("verb '", verb, "' is unknown: expected start or delete"));
    if (options_.container_namespace.empty()) return bad("flag -namespace is missing");
    if (options_.id.empty()) return bad("flag -id is missing");
    KATA_TRY(sandbox::check_id(options_.id), "-id");
    KATA_TRY(sandbox::check_id(options_.container_namespace), "-namespace");
    return {};
  }

  std::span<const char* const> words_;
  std::size_t at_ = 0;
  Options options_{};
};

}  // namespace

Result<Options> parse_options(std::span<const char* const> words) { return Parser(words).run(); }

std::string help_text() {
  return "Usage: containerd-shim-kata-v2 -namespace NAME -id ID [flags] start|delete\n\n"
         "Runs containerd's containers in virtual machines, one for each pod. containerd calls it "
         "in\n"
         "the directory of a bundle: 'start' leaves a shim behind and prints its address, "
         "'delete'\n"
         "cleans up after a container whose shim has gone, and prints the end of its task.\n\n"
         "  -namespace NAME       containerd's namespace\n"
         "  -id ID                the container\n"
         "  -address SOCKET       containerd's own address\n"
         "  -publish-binary FILE  containerd's program, used for events when TTRPC_ADDRESS is not "
         "set\n"
         "  -bundle DIR           the bundle, for delete [the working directory]\n"
         "  -debug                log more\n"
         "  -config-path FILE     the configuration, of a sandbox that names none itself\n"
         "  -info                 print what this runtime can do, as a message of containerd's\n"
         "  -v                    print the version\n";
}

Environment read_environment(const std::function<const char*(const char*)>& look_up) {
  Environment environment;
  const auto text = [&](const char* name) {
    const char* const value = look_up(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  environment.ttrpc_address = text("TTRPC_ADDRESS");
  const std::string_view version = text("MAX_SHIM_VERSION");
  unsigned number = 0;
  const auto [end, status] =
      std::from_chars(version.data(), version.data() + version.size(), number);
  if (status == std::errc{} && end == version.data() + version.size() && number > 0)
    environment.max_version = number;
  return environment;
}

}  // namespace kata::shim_v2
