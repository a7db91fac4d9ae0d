// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/run.h"

#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>

#include "core/base/log.h"
#include "core/config/load.h"
#include "core/plugin_host/plugin_host.h"
#include "kata/concat.h"
#include "ksm.pb.h"
#include "programs/kata-ksm-throttler/daemon.h"
#include "programs/kata-ksm-throttler/handover.h"
#include "programs/kata-ksm-throttler/run_directory.h"

namespace kata::throttler {

namespace {

Result<config::Config> load(const Options& options) {
  const auto file = KATA_TRY(config::find_config_file(options.config), "");
  auto config = KATA_TRY(config::load_config(file), "");
  if (config.memory_dedup.name == "none")
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("'", file,
                             "': memory_dedup is \"none\": set [plugins] memory_dedup = "
                             "\"ksm-throttler\", or do not run this daemon"));
  return config;
}

std::string saved_state_in(const std::string& memory) {
  kata::ksm::api::Memory before;
  return before.ParseFromString(memory) ? before.saved_state() : std::string();
}

Result<std::optional<DirectoryWatch>> watch_of(const Options& options, Handover& held) {
  if (options.watch.empty()) return std::optional<DirectoryWatch>();
  return std::optional(KATA_TRY(DirectoryWatch::open(options.watch, std::move(held.watch)), ""));
}

// Until a signal: awake, asleep in another program, and awake again in a new run_daemon.
void live(Daemon& daemon, Handover& held, std::optional<DirectoryWatch>& watch,
          const std::filesystem::path& socket, const std::vector<std::string>& argv) {
  bool may_fall_asleep = true;
  while (daemon.run(may_fall_asleep) == Daemon::End::kIdle) {
    held.memory = daemon.memory();
    if (watch) held.watch = UniqueFd(watch->fd());
    const Error why = fall_asleep(held, socket, argv);
    if (watch) static_cast<void>(held.watch.release());
    log::warn("the daemon stays awake, which costs memory", {{"reason", why.message}});
    may_fall_asleep = false;
  }
}

}  // namespace

Result<void> run_daemon(const Options& options, const std::vector<std::string>& argv) {
  auto handover = KATA_TRY(take_handover(), "");
  const bool woken = handover.has_value();
  const config::Config config = KATA_TRY(load(options), "");
  const auto directory = options.run_directory.value_or(config.dedup.run_directory);
  const auto socket = socket_in(directory);
  Handover held;
  if (woken)
    held = std::move(*handover);
  else
    held.lock = KATA_TRY(lock_run_directory(directory), "");
  plugin_host::PluginHost host;
  const auto dedup = KATA_TRY(
      host.memory_dedup(config.memory_dedup, {"", directory, saved_state_in(held.memory)}), "");
  if (!woken) {
    KATA_TRY(dedup->check_host(), "");
    held.listener = KATA_TRY(listen_in(directory), "");
  }
  auto watch = KATA_TRY(watch_of(options, held), "");
  Daemon daemon(config.memory_dedup.name, *dedup, held.listener.get(), watch);
  daemon.recall(held.memory);
  KATA_TRY(daemon.start(), "");
  if (!woken) notify_systemd("READY=1");
  live(daemon, held, watch, socket, argv);
  notify_systemd("STOPPING=1");
  auto restored = dedup->restore();
  ::unlink(socket.c_str());
  return restored;
}

}  // namespace kata::throttler
