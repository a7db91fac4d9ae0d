// SPDX-License-Identifier: Apache-2.0
//
// The sandbox: what its host has made in this guest, from CreateSandbox to DestroySandbox. The RPC
// layer (rpc/) translates messages; the rules are here.
//
// Threads: one executor. A call that waits is a coroutine and delays nobody.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <optional>
#include <set>
#include <string>

#include "agent/config.h"
#include "agent/container/storage.h"
#include "agent/container_table.h"
#include "agent/devices/device_wait.h"
#include "agent/modules.h"
#include "agent/namespaces.h"
#include "agent/oom_watch.h"
#include "agent/signals.h"
#include "agent/watched_mounts.h"
#include "kata/result.h"

namespace grpc {
class CreateContainerRequest;
class CreateSandboxRequest;
class ExecProcessRequest;
}  // namespace grpc

namespace kata::agent {

class Sandbox {
 public:
  // All but the executor are borrowed for the life of the sandbox. `is_init`: the guest is the
  // agent's, its /etc included.
  Sandbox(boost::asio::any_io_executor executor, const AgentConfig& config, bool is_init,
          ModuleLoader& modules, Signals& signals);

  boost::asio::awaitable<Result<void>> create(grpc::CreateSandboxRequest request);

  // Kills and removes everything; later calls find no sandbox.
  boost::asio::awaitable<void> destroy();

  // The container's init process exists when this returns and runs after start_container.
  boost::asio::awaitable<Result<void>> create_container(grpc::CreateContainerRequest request);
  // Returns when the poststart hooks have run; the program runs beside them.
  boost::asio::awaitable<Result<void>> start_container(std::string id);
  Result<void> exec(const grpc::ExecProcessRequest& request);
  Result<void> signal(const std::string& id, const std::string& exec_id, int number);
  boost::asio::awaitable<Result<int>> wait(std::string id, std::string exec_id);

  // A timeout of 0 seconds waits without limit. Returns when the poststop hooks have run.
  boost::asio::awaitable<Result<void>> remove_container(std::string id, std::uint32_t timeout_s);

  ContainerTable& containers() noexcept { return containers_; }
  StorageTable& storages() noexcept { return storages_; }
  DeviceWait& devices() noexcept { return devices_; }
  OomWatch& oom_watch() noexcept { return oom_watch_; }
  Signals& signals() noexcept { return signals_; }
  const AgentConfig& config() const noexcept { return config_; }

  // The one tree that a host may copy files into.
  std::filesystem::path share_directory() const { return config_.run_dir / "shared/containers"; }

 private:
  // sandbox_create.cpp: what has to be waited for; these make the rest, at once.
  Result<void> make(const grpc::CreateSandboxRequest& request);
  Result<void> check_new_container(const grpc::CreateContainerRequest& request) const;
  boost::asio::awaitable<Result<PciAddresses>> prepare(grpc::CreateContainerRequest& request);
  Result<void> make_container(grpc::CreateContainerRequest request, PciAddresses addresses);
  Result<StdioPair> make_stdio(const grpc::Process& process) const;
  std::shared_ptr<Process> watch(pid_t pid, AgentStdio stdio);
  Result<SandboxNamespaces> container_namespaces(const grpc::Spec& spec, bool share_pid) const;
  Result<void> launch(Container& container, grpc::Spec& spec, const SandboxNamespaces& namespaces,
                      UserNames user);
  Result<void> watch_memory(const Container& container);
  Result<void> open_start_gate(const std::string& id);
  static Result<void> refuse_paused(const Container& container);
  boost::asio::awaitable<Result<void>> end_processes(std::string id, Deadline deadline);

  boost::asio::any_io_executor executor_;
  const AgentConfig& config_;
  bool is_init_;
  ModuleLoader& modules_;
  Signals& signals_;
  DeviceWait devices_;
  WatchedMounts watched_;
  StorageTable storages_;
  grpc::Hooks guest_hooks_{};                     // those of the guest's image
  std::optional<SharedNamespaces> namespaces_{};  // engaged: there is a sandbox
  ContainerTable containers_{};
  std::set<std::string> claims_{};  // ids of containers that are being made; empty: the sandbox
  OomWatch oom_watch_;
};

}  // namespace kata::agent
