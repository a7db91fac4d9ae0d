// SPDX-License-Identifier: Apache-2.0
#include "daemon_options.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "kata/concat.h"

namespace kata::virtiofs {

namespace {

constexpr const char* kKey = "virtio_fs_extra_args";

// Each may also be written with "no-" in front.
constexpr std::array<std::string_view, 8> kFlags{"allow-direct-io", "flock",      "killpriv-v2",
                                                 "posix-acl",       "posix-lock", "readdirplus",
                                                 "writeback",       "xattr"};
constexpr std::array<std::string_view, 4> kWithValue{"inode-file-handles", "thread-pool-size",
                                                     "timeout", "xattrmap"};
// Given always; accepted because Kata's own configuration.toml names it.
constexpr std::string_view kAlways = "announce-submounts";

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string accepted_names() {
  std::string out(kAlways);
  for (const auto& name : kFlags) out += concat(", [no-]", name);
  for (const auto& name : kWithValue) out += concat(", ", name, "=VALUE");
  return out;
}

Error refusal(std::string_view argument) {
  return make_error(
      ErrorCode::kInvalidArgument,
      concat(kKey, ": '", argument, "' is not accepted; accepted are ", accepted_names()));
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

Result<DaemonOption> checked_option(std::string_view text) {
  const std::size_t equals = text.find('=');
  DaemonOption option;
  option.name = std::string(text.substr(0, equals));
  std::replace(option.name.begin(), option.name.end(), '_', '-');
  if (equals != std::string_view::npos) option.value = std::string(text.substr(equals + 1));
  std::string_view flag = option.name;
  if (flag.starts_with("no-")) flag.remove_prefix(3);
  const bool is_flag =
      equals == std::string_view::npos && (contains(kFlags, flag) || option.name == kAlways);
  const bool has_value =
      contains(kWithValue, option.name) && !option.value.empty() && printable(option.value);
  if (is_flag || has_value) return option;
  return refusal(text);
}

// "name=value,name": the argument of -o.
Result<void> add_list(std::string_view list, std::vector<DaemonOption>& out) {
  for (;;) {
    const std::size_t comma = list.find(',');
    out.push_back(KATA_TRY(checked_option(list.substr(0, comma)), ""));
    if (comma == std::string_view::npos) return {};
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<std::vector<DaemonOption>> parse_extra_args(const std::vector<std::string>& args) {
  std::vector<DaemonOption> out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& argument = args[i];
    const bool more = i + 1 < args.size();
    if (argument.starts_with("-o")) {
      if (argument == "-o" && !more)
        return make_error(ErrorCode::kInvalidArgument,
                          concat(kKey, ": '-o' needs an option after it"));
      KATA_TRY(add_list(argument == "-o" ? args[++i] : argument.substr(2), out), "");
    } else if (argument.starts_with("--")) {
      std::string text = argument.substr(2);
      if (more && contains(kWithValue, text)) text += concat('=', args[++i]);
      out.push_back(KATA_TRY(checked_option(text), ""));
    } else {
      return refusal(argument);
    }
  }
  return out;
}

}  // namespace kata::virtiofs
