// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "core/config/annotations.h"
#include "kata/concat.h"

namespace kata::config {

namespace {

// As the kernel spells them when it compares: '-' is '_'. What runs as the guest's first program
// and from where, what confines it, and what it is told about itself.
constexpr std::string_view kGuarded[] = {
    "init",     "rdinit",  "root",    "rootfstype",  "rootflags",         "dm_mod.create",
    "security", "lsm",     "selinux", "enforcing",   "apparmor",          "lockdown",
    "panic",    "nr_cpus", "mem",     "initrd",      "noinitrd",          "initcall_blacklist",
    "nosmep",   "nosmap",  "nokaslr", "mitigations", "module.sig_enforce"};
constexpr std::string_view kGuardedFamilies[] = {"agent.", "systemd."};

std::string as_compared(std::string_view word) {
  std::string key(word.substr(0, word.find('=')));
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

bool is_guarded(const std::string& key, const AgentConfig& agent) {
  if (key == "agent.debug_console") return !agent.debug_console_enabled;
  if (key == "agent.log") return false;
  return std::find(std::begin(kGuarded), std::end(kGuarded), key) != std::end(kGuarded) ||
         std::any_of(std::begin(kGuardedFamilies), std::end(kGuardedFamilies),
                     [&](std::string_view family) { return key.starts_with(family); });
}

Result<void> check_word(std::string_view word, const AgentConfig& agent) {
  // After "--" the words go to the first program.
  if (word == "--" || is_guarded(as_compared(word), agent))
    return make_error(ErrorCode::kPermission,
                      concat("'", word.substr(0, 80),
                             "' would change what the guest's safety rests on: set it in "
                             "kernel_params of the configuration, or take it away"));
  return {};
}

}  // namespace

Result<void> check_kernel_params(std::string_view params, const AgentConfig& agent) {
  constexpr std::size_t kLongest = 1024;  // the kernel takes 2048 in all
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '"'; };
  if (params.size() > kLongest || !std::all_of(params.begin(), params.end(), plain))
    return make_error(ErrorCode::kInvalidArgument,
                      "expected at most 1024 printable characters without quotes");
  while (!params.empty()) {
    const std::size_t end = std::min(params.find(' '), params.size());
    if (end != 0) KATA_TRY(check_word(params.substr(0, end), agent), "");
    params.remove_prefix(std::min(end + 1, params.size()));
  }
  return {};
}

}  // namespace kata::config
