// SPDX-License-Identifier: Apache-2.0
#include "sandbox/recover.h"

#include <chrono>
#include <csignal>
#include <filesystem>

#include "core/base/log.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "sandbox/parts.h"

namespace kata::sandbox {

namespace {

constexpr std::chrono::seconds kCleanStep{10};

Deadline soon() { return std::chrono::steady_clock::now() + kCleanStep; }

Result<void> kill_vmm(const ProcessRef& vmm) {
  if (vmm.pid <= 0) return {};
  auto process = ChildProcess::adopt(vmm.pid, vmm.start_time);
  if (!process.ok()) return {};  // gone, or its pid is somebody else's now
  KATA_TRY(process.value().terminate(SIGKILL, soon()), "");
  return {};
}

bool has_nothing(const std::filesystem::path& directory) {
  std::error_code unused;
  return !std::filesystem::is_directory(directory, unused) ||
         std::filesystem::is_empty(directory, unused);
}

class Cleaner {
 public:
  Cleaner(const Store& store, plugin_host::PluginHost& host, const SandboxRecord& record)
      : store_(store), host_(host), record_(record) {}

  void note(Result<void> outcome, std::string_view action) {
    if (outcome.ok()) return;
    Error error = in_context(std::move(outcome).error(), action);
    log::warn("clean-up step failed", {{"sandbox", record_.id}, {"error", error.message}});
    if (first_.ok()) first_ = std::move(error);
  }

  // `make` gives the instance, `stop` ends what it finds. A plugin with neither a state nor a file
  // in its directory has started nothing; perhaps it could not even be loaded.
  template <class Make, class Stop>
  void clean(const PluginPlace& place, Make make, Stop stop) {
    const auto context = context_of(place, store_, record_);
    if (context.saved_state.empty() && has_nothing(context.state_dir)) return;
    auto instance = make(host_, context);
    if (!instance.ok()) return note(std::move(instance).error(), place.interface_name);
    note(stop(*instance.value()), concat("clean up after the ", place.interface_name, " plugin"));
  }

  Result<void> take() { return std::move(first_); }

 private:
  const Store& store_;
  plugin_host::PluginHost& host_;
  const SandboxRecord& record_;
  Result<void> first_{};
};

}  // namespace

Result<void> clean_up_dead_sandbox(Store& store, plugin_host::PluginHost& host,
                                   const SandboxRecord& record) {
  using Host = plugin_host::PluginHost;
  using Context = plugin_host::InstanceContext;
  Cleaner cleaner(store, host, record);
  cleaner.note(kill_vmm(record.vmm), "kill the VMM");
  if (record.config_json.empty()) return cleaner.take();  // killed before it had one
  const auto config = KATA_TRY(config::config_from_json(record.config_json),
                               concat("read the configuration of sandbox '", record.id, "'"));
  cleaner.clean(
      kHypervisorPlace,
      [&](Host& h, const Context& context) { return h.hypervisor(config.hypervisor, context); },
      [](Hypervisor& plugin) { return plugin.stop_vm(std::chrono::steady_clock::now()); });
  cleaner.clean(
      kFilesystemPlace,
      [&](Host& h, const Context& context) {
        return h.shared_filesystem(config.shared_filesystem, context);
      },
      [](SharedFilesystem& plugin) { return plugin.stop(soon()); });
  cleaner.clean(
      kNetworkPlace,
      [&](Host& h, const Context& context) { return h.network(config.network, context); },
      [](Network& plugin) { return plugin.detach(); });
  return cleaner.take();
}

}  // namespace kata::sandbox
