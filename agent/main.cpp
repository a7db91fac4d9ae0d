// SPDX-License-Identifier: Apache-2.0
//
// kata-agent: the guest's half of Kata. As PID 1 it is the guest's init as well.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <span>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/config.h"
#include "agent/guest_mounts.h"
#include "agent/log_json.h"
#include "agent/power.h"
#include "agent/version.h"
#include "core/base/files.h"

namespace {

using namespace kata;
using namespace kata::agent;

void print(std::string_view text) { (void)!::write(STDOUT_FILENO, text.data(), text.size()); }

int fail(const Error& error) {
  const std::string line = "kata-agent: " + error.message + "\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  return 1;
}

std::vector<std::string> read_settings(AgentConfig& config) {
  std::vector<std::string> warnings;
  if (const auto line = read_file("/proc/cmdline"); line.ok())
    warnings = apply_kernel_command_line(line.value(), config);
  const auto more = apply_environment(::getenv("KATA_AGENT_SERVER_ADDR"),
                                      ::getenv("KATA_AGENT_LOG_LEVEL"), config);
  warnings.insert(warnings.end(), more.begin(), more.end());
  return warnings;
}

Result<void> run(const AgentConfig& config, const std::vector<std::string>& warnings,
                 bool is_init) {
  JsonSink sink(STDOUT_FILENO);
  log::set_sink(&sink, config.log_level);
  for (const std::string& warning : warnings) log::warn(warning);
  return run_agent(config, is_init);
}

[[noreturn]] void run_as_init() {
  install_terminate_handler();
  if (const auto mounted = mount_early(); !mounted.ok()) die_as_init(mounted.error().message);
  AgentConfig config;
  const auto warnings = read_settings(config);
  if (const auto done = run(config, warnings, true); !done.ok()) die_as_init(done.error().message);
  power_off();
}

int run_as_process(std::span<const char* const> arguments) {
  AgentConfig config;
  const auto warnings = read_settings(config);
  const auto action = apply_arguments(arguments, config);
  if (!action.ok()) return fail(action.error());
  if (action.value() == Action::kVersion) {
    print("kata-agent version " + std::string(kAgentVersion) + " (API " + std::string(kApiVersion) +
          ")\n");
    return 0;
  }
  if (action.value() == Action::kHelp) {
    print(usage());
    return 0;
  }
  const auto done = run(config, warnings, false);
  return done.ok() ? 0 : fail(done.error());
}

// The kernel hands its init the words that it does not know, so PID 1 looks at none but these.
bool asks_only(std::span<const char* const> arguments) {
  AgentConfig ignored;
  const auto action = apply_arguments(arguments, ignored);
  return arguments.size() == 1 && action.ok() && action.value() != Action::kRun;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<const char* const> arguments(argv + 1, static_cast<std::size_t>(argc - 1));
  if (::getpid() == 1 && !asks_only(arguments)) run_as_init();
  return run_as_process(arguments);
}
