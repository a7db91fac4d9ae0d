// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/arguments.h"

#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "programs/kata-agent-ctl/assign.h"
#include "programs/kata-agent-ctl/json_input.h"
#include "programs/kata-agent-ctl/oci_arguments.h"

namespace kata::agentctl {

using nlohmann::json;

namespace {

using Apply = Result<void> (*)(const std::string& value, Message& request,
                               std::vector<std::string>& warnings);

Result<void> apply_policy_file(const std::string& value, Message& request,
                               std::vector<std::string>&) {
  return assign(request, "policy", concat("@", value));
}

constexpr SpecialKey kKeys[] = {
    {"CreateContainer", "bundle", "directory of an OCI bundle; its config.json becomes OCI"},
    {"CreateContainer", "spec", "an OCI config.json, converted to OCI; its paths stay as they are"},
    {"ExecProcess", "oci_process", "file with the process object of a config.json"},
    {"UpdateContainer", "oci_resources", "file with the linux.resources of a config.json"},
    {"SetPolicy", "policy_file", "file with the policy"},
    {"CopyFile", "src", "file, directory or link of this machine; sent in chunks of 1 MiB"},
    {"CopyFile", "dest", "the same as path"},
};
constexpr Apply kApply[] = {apply_bundle, apply_spec, apply_process, apply_resources,
                            apply_policy_file};  // CopyFile's are copy_file.h's

std::string_view without_scheme(std::string_view value) {
  constexpr std::string_view kFile = "file://";
  return value.starts_with(kFile) ? value.substr(kFile.size()) : value;
}

std::string_view full_name(std::string_view key) {
  if (key == "cid") return "container_id";
  if (key == "sid") return "sandbox_id";
  return key;
}

class Builder {
 public:
  Builder(Message& request, const Method& method, std::vector<std::string>& warnings)
      : request_(request), method_(method), warnings_(warnings) {}

  Result<void> add(const std::string& word) {
    constexpr std::string_view kJson = "json://";
    if (word.starts_with('{')) return add_json(word, "JSON");
    if (word.starts_with(kJson)) return add_json(word.substr(kJson.size()), "json://");
    if (word == "-") return add_file(word);
    if (word.starts_with('@')) return add_file(word.substr(1));
    if (word.starts_with("file://")) return add_file(std::string(without_scheme(word)));
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("'", word.substr(0, 60),
                               "': expected {JSON}, @FILE, - or field=value; see 'describe ",
                               method_.name(), "'"));
    return add_pair(word.substr(0, equals), word.substr(equals + 1));
  }

 private:
  Result<void> add_file(const std::string& path) {
    return add_json(KATA_TRY(read_argument_file(path), ""), path == "-" ? "stdin" : path);
  }

  // The names that are no fields are taken out first.
  Result<void> add_json(std::string_view text, std::string_view where) {
    json document = KATA_TRY(parse_json_object(text, where), "");
    json rest = json::object();
    for (auto& [key, value] : document.items()) {
      if (find_special(key) == nullptr)
        rest[std::string(full_name(key))] = std::move(value);
      else if (value.is_string())
        KATA_TRY(add_pair(key, value.get<std::string>()), where);
      else
        return make_error(ErrorCode::kInvalidArgument,
                          concat(where, ": ", key, ": expected a string"));
    }
    return merge_json(std::move(rest), request_);
  }

  Result<void> add_pair(const std::string& key, const std::string& value) {
    const SpecialKey* special = find_special(key);
    if (special == nullptr) return assign(request_, full_name(key), value);
    const auto at = static_cast<std::size_t>(special - std::begin(kKeys));
    if (at < std::size(kApply))
      return kApply[at](std::string(without_scheme(value)), request_, warnings_);
    return make_error(ErrorCode::kInvalidArgument,
                      concat(key, ": give both src=FILE and dest=PATH"));
  }

  const SpecialKey* find_special(std::string_view key) const {
    for (const SpecialKey& special : kKeys)
      if (special.method == method_.name() && special.key == key) return &special;
    return nullptr;
  }

  Message& request_;
  const Method& method_;
  std::vector<std::string>& warnings_;
};

}  // namespace

std::span<const SpecialKey> special_keys() { return kKeys; }

Result<void> apply_arguments(const Words& words, Message& request, const Method& method,
                             std::vector<std::string>& warnings) {
  Builder builder(request, method, warnings);
  for (const std::string& word : words) KATA_TRY(builder.add(word), "");
  return {};
}

}  // namespace kata::agentctl
