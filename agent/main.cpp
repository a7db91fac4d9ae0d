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
#include "agent/config_file.h"
#include "agent/guest_mounts.h"
#include "agent/log_json.h"
#include "agent/log_port.h"
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

struct Settings {
  AgentConfig config{};
  std::vector<std::string> warnings{};
};

void add_file(Settings& settings, const std::string& file) {
  auto more = apply_config_file(file, settings.config);
  if (!more.ok()) {
    settings.warnings.push_back("ignored " + more.error().message);
    return;
  }
  settings.warnings.insert(settings.warnings.end(), more.value().begin(), more.value().end());
}

void add_environment(Settings& settings) {
  const auto more = apply_environment(::getenv, settings.config);
  settings.warnings.insert(settings.warnings.end(), more.begin(), more.end());
}

// A file that the command line names is the whole of it, as in Kata.
Settings kernel_settings() {
  Settings settings;
  const auto line = read_file("/proc/cmdline");
  const auto file = line.ok() ? config_file_of(line.value()) : std::nullopt;
  if (file) {
    add_file(settings, *file);
    return settings;
  }
  if (line.ok()) settings.warnings = apply_kernel_command_line(line.value(), settings.config);
  add_environment(settings);
  return settings;
}

Result<void> run(const Settings& settings, bool is_init) {
  JsonSink console(STDOUT_FILENO);
  LogPort port;
  const AgentConfig& config = settings.config;
  log::Sink* const sink = config.log_address ? static_cast<log::Sink*>(&port) : &console;
  log::set_sink(sink, config.log_level);
  for (const std::string& warning : settings.warnings) log::warn(warning);
  auto done = run_agent(config, is_init, config.log_address ? &port : nullptr);
  log::set_sink(nullptr, config.log_level);
  return done;
}

[[noreturn]] void run_as_init() {
  install_terminate_handler();
  if (const auto mounted = mount_early(); !mounted.ok()) die_as_init(mounted.error().message);
  const Settings settings = kernel_settings();
  if (const auto done = run(settings, true); !done.ok()) die_as_init(done.error().message);
  power_off();
}

int run_as_process(std::span<const char* const> arguments) {
  Settings settings;
  if (const auto file = config_file_argument(arguments)) {
    auto warnings = apply_config_file(*file, settings.config);
    if (!warnings.ok()) return fail(warnings.error());
    settings.warnings = warnings.take();
    add_environment(settings);
  } else {
    settings = kernel_settings();
  }
  const auto action = apply_arguments(arguments, settings.config);
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
  const auto done = run(settings, false);
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
