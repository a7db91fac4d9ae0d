// SPDX-License-Identifier: Apache-2.0
#include "sandbox/oci_spec.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "kata/concat.h"
#include "sandbox/oci_spec_parts.h"

namespace kata::sandbox {

namespace fs = std::filesystem;

void warn_unhonoured(const JsonReader& from, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (from.has(key))
      from.findings().warn(from.path_of(key), "not honoured in the guest yet; ignored");
}

namespace {

bool is_version_1(std::string_view text) {
  return text.size() > 2 && text.starts_with("1.") && text[2] >= '0' && text[2] <= '9';
}

void read_version(const JsonReader& from, grpc::Spec& spec) {
  spec.set_version(from.text("ociVersion", Need::kRequired));
  if (!is_version_1(spec.version()))
    from.refuse("ociVersion", concat("expected version 1.x, found '", spec.version(), "'"));
}

void read_root(const JsonReader& from, grpc::Root& root) {
  root.set_path(from.text("path", Need::kRequired));
  root.set_readonly(from.flag("readonly"));
}

template <class Add>
void read_hooks(const JsonReader& from, const char* key, Add add) {
  from.each_object(key, [&](const JsonReader& item) {
    grpc::Hook& hook = *add();
    hook.set_path(item.absolute_path("path", Need::kRequired));
    item.each_text("args", [&](std::string word) { hook.add_args(std::move(word)); });
    item.each_text("env", [&](std::string entry) { hook.add_env(std::move(entry)); });
    if (item.has("timeout")) hook.set_timeout(item.integer("timeout", 1, INT32_MAX));
  });
}

void read_all_hooks(const JsonReader& from, grpc::Hooks& hooks) {
  read_hooks(from, "prestart", [&] { return hooks.add_prestart(); });
  read_hooks(from, "createRuntime", [&] { return hooks.add_createruntime(); });
  read_hooks(from, "createContainer", [&] { return hooks.add_createcontainer(); });
  read_hooks(from, "startContainer", [&] { return hooks.add_startcontainer(); });
  read_hooks(from, "poststart", [&] { return hooks.add_poststart(); });
  read_hooks(from, "poststop", [&] { return hooks.add_poststop(); });
}

void read_spec(const JsonReader& from, grpc::Spec& spec) {
  read_version(from, spec);
  from.object(
      "process", [&](const JsonReader& process) { read_process(process, *spec.mutable_process()); },
      Need::kRequired);
  from.object(
      "root", [&](const JsonReader& root) { read_root(root, *spec.mutable_root()); },
      Need::kRequired);
  spec.set_hostname(from.text("hostname"));
  read_mounts(from, spec);
  from.object("hooks",
              [&](const JsonReader& hooks) { read_all_hooks(hooks, *spec.mutable_hooks()); });
  from.each_member_text("annotations", [&](const std::string& name, std::string value) {
    (*spec.mutable_annotations())[name] = std::move(value);
  });
  spec.mutable_linux();
  from.object("linux", [&](const JsonReader& part) { read_linux(part, *spec.mutable_linux()); });
  read_extras(from, spec);
  check_schema(from);
  warn_unhonoured(from, {"vm", "windows", "solaris", "zos"});
}

// Opens nothing that could make the reader wait, such as a FIFO.
Result<std::string> read_config(const fs::path& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0)
    return errno_error(concat("bundle '", file.parent_path(), "': open '", file, "'"), errno);
  if (!S_ISREG(about.st_mode))
    return make_error(ErrorCode::kInvalidArgument, concat(file, ": expected a regular file"));
  auto content = read_file(file, kMaxJsonSize);
  if (!content.ok() && content.error().code == ErrorCode::kResourceExhausted &&
      content.error().sys_errno == 0)
    return make_error(ErrorCode::kInvalidArgument,
                      concat(file, ": larger than ", kMaxJsonSize, " bytes"));
  return content;
}

Result<fs::path> find_rootfs(const fs::path& config, const fs::path& directory,
                             const std::string& root) {
  std::error_code failure;
  fs::path resolved = fs::canonical(directory / root, failure);
  if (failure)
    return Error{ErrorCode::kInvalidArgument, failure.value(),
                 concat(config, ": root.path: expected a directory, found '", root,
                        "': ", failure.message())};
  if (!fs::is_directory(resolved, failure))
    return make_error(
        ErrorCode::kInvalidArgument,
        concat(config, ": root.path: expected a directory, found '", root, "', which is none"));
  return resolved;
}

}  // namespace

Result<Bundle> load_bundle(const fs::path& directory, grpc::Spec& spec) {
  Bundle bundle;
  std::error_code failure;
  bundle.directory = fs::absolute(directory, failure).lexically_normal();
  if (!bundle.directory.has_filename()) bundle.directory = bundle.directory.parent_path();
  const fs::path config = bundle.directory / "config.json";
  const std::string text = KATA_TRY(read_config(config), "");
  KATA_TRY(parse_spec(text, config.native(), spec, &bundle.warnings), "");
  bundle.rootfs = KATA_TRY(find_rootfs(config, bundle.directory, spec.root().path()), "");
  return bundle;
}

Result<void> parse_spec(std::string_view json, std::string_view where, grpc::Spec& spec,
                        std::vector<std::string>* warnings) {
  Findings findings{std::string(where), warnings, std::nullopt};
  const nlohmann::json document = parse_json_object(json, findings);
  if (findings.ok()) read_spec(JsonReader(document, "", findings), spec);
  return std::move(findings).outcome();
}

Result<void> parse_process(std::string_view json, std::string_view where, grpc::Process& process) {
  Findings findings{std::string(where), nullptr, std::nullopt};
  const nlohmann::json document = parse_json_object(json, findings);
  if (findings.ok()) read_process(JsonReader(document, "", findings), process);
  return std::move(findings).outcome();
}

Result<void> parse_resources(std::string_view json, std::string_view where,
                             grpc::LinuxResources& resources, std::vector<std::string>* warnings) {
  Findings findings{std::string(where), warnings, std::nullopt};
  const nlohmann::json document = parse_json_object(json, findings);
  if (findings.ok()) read_resources(JsonReader(document, "", findings), resources);
  return std::move(findings).outcome();
}

}  // namespace kata::sandbox
