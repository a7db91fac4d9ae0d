// SPDX-License-Identifier: Apache-2.0
//
// A sandbox: one VM and its containers. The only place where plugins and agent meet: it asks the
// network for taps and the shared filesystem for a device, hands both to the hypervisor, and tells
// the agent what the guest will find. Read start() and shutdown() first: the second is the mirror
// of the first.
//
// Threads: everything here runs on the loop; plugins are called on the PluginThread. Start once;
// destroy after start() has failed or stopped() has completed.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "kata/plugin/draft/shared_filesystem_server.h"
#include "kata/plugin/hypervisor.h"
#include "kata/plugin/network.h"
#include "kata/plugin/shared_filesystem.h"
#include "kata/result.h"
#include "oci.pb.h"
#include "sandbox/agent_client.h"
#include "sandbox/event.h"
#include "sandbox/fate.h"
#include "sandbox/health_check.h"
#include "sandbox/identity.h"
#include "sandbox/journal.h"
#include "sandbox/late_network.h"
#include "sandbox/plugin_thread.h"

namespace kata::sandbox {

struct SandboxParts {  // called on the plugin thread only
  std::unique_ptr<Network> network{};
  std::unique_ptr<SharedFilesystem> filesystem{};
  std::unique_ptr<Hypervisor> hypervisor{};
};

struct ContainerRequest {
  std::string id{};
  std::filesystem::path bundle{}, rootfs{};  // absolute; rootfs resolved
  grpc::Spec spec{};
};

inline constexpr std::chrono::seconds kRemovalTime{30};  // of a container, in the guest

struct SandboxStatus {
  bool running = false;
  std::string failure{};  // why not, in one line
  std::int32_t vmm_pid = 0;
  std::vector<std::string> containers{};
};

class Sandbox {
 public:
  Sandbox(boost::asio::any_io_executor loop, PluginThread& plugins, SandboxParts parts,
          SandboxIdentity identity, config::Config config, Journal& journal);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Brings everything up, or says why not and leaves nothing.
  boost::asio::awaitable<Result<void>> start();

  // Ends the guest, which gets `patience` to do so by itself (0: it is killed at once), and cleans
  // the host. Every step is tried; the first error is returned. A second caller awaits the first; a
  // start() that is under way gives up, undoes and fails.
  boost::asio::awaitable<Result<void>> shutdown(std::chrono::milliseconds patience);

  // Completes when the sandbox has been taken down, asked for or because VM, file server or agent
  // went. The second case leaves its reason in failure() and in the record, before the tear-down.
  boost::asio::awaitable<void> stopped() { return stopped_.wait(); }
  const std::string& failure() const noexcept { return failure_; }

  // How long a guest that hangs is borne. [before start()]
  void set_health_limits(HealthLimits limits) { health_limits_ = limits; }

  boost::asio::awaitable<Result<void>> create_container(ContainerRequest request);
  // kIgnored: the host's part goes, whatever the guest says.
  enum class Refusal { kCounts, kIgnored };
  boost::asio::awaitable<Result<void>> remove_container(
      std::string id, Refusal refusal = Refusal::kCounts,
      std::chrono::milliseconds guests_time = kRemovalTime);
  // Until the guest's network is as the pod's namespace was when asked; false: not by then.
  boost::asio::awaitable<bool> network_settled(Deadline deadline);
  // How the guest's debug console is reached, if there is one. [after start()]
  const std::optional<AgentAddress>& debug_console() const noexcept { return debug_console_; }
  SandboxStatus status() const;    // at once, whatever else goes on
  FileServer file_server() const;  // of a sandbox that runs; no pid: the plugin does not tell

  // One call to the agent on behalf of a shim. When the guest is gone: kUnavailable and why.
  boost::asio::awaitable<Result<std::string>> forward(std::string service, std::string method,
                                                      std::string payload,
                                                      std::chrono::nanoseconds timeout);

 private:
  enum class Phase { kNew, kStarting, kRunning, kStopping, kStopped };
  enum class Step { kNothing, kNetwork, kFilesystem, kVm };  // done so far, so to be undone
  struct Container {
    std::vector<std::string> share_ids{};
    bool busy = true;  // being created or removed
  };

  template <class Outcome>
  using Awaited = boost::asio::awaitable<Result<Outcome>>;

  // The bring-up's steps.
  Awaited<void> bring_up();
  Awaited<void> check_plugins();
  Awaited<NetworkPlan> attach_network();
  Awaited<StartedShare> start_filesystem();
  Awaited<void> create_vm(std::vector<Device> devices);
  Awaited<void> start_vm();
  Awaited<void> reach_agent();
  Awaited<void> dial_and_check(AgentAddress address);
  Awaited<void> greet_agent(const NetworkPlan& plan, const GuestMount& share);
  Awaited<void> first_of_agent_and_fate(AgentAddress address);
  template <class Plugin, class Perform>
  auto step(Step done, const char* interface_name, Plugin& plugin, Perform perform);

  // The tear-down's, in its order.
  Awaited<void> tear_down(std::chrono::milliseconds patience);
  Awaited<void> end_guest(Deadline deadline);
  boost::asio::awaitable<void> watch();
  boost::asio::awaitable<void> watch_agent();
  boost::asio::awaitable<void> watch_health();
  void follow_network();

  Awaited<void> create_in_guest(ContainerRequest request, Container& container);
  Awaited<void> share_all(struct ContainerPlan& plan, Container& container);
  Awaited<void> unshare_all(std::vector<std::string> share_ids);
  Awaited<void> remove_from_guest(const std::string& id, std::chrono::milliseconds time);
  Result<void> check_running() const;
  Error gone() const;
  std::string console_tail() const;
  bool offers_memory() const;
  std::chrono::nanoseconds create_timeout() const;

  boost::asio::any_io_executor loop_;
  PluginThread& plugins_;
  SandboxParts parts_;
  SandboxIdentity identity_;
  config::Config config_;
  Journal& journal_;
  HealthLimits health_limits_{};
  std::shared_ptr<Fate> fate_;
  Watchers watchers_;
  std::unique_ptr<AgentClient> agent_{};
  std::unique_ptr<LateNetwork> late_network_{};
  std::optional<AgentAddress> debug_console_{};
  Event stopped_;
  Phase phase_ = Phase::kNew;
  Step reached_ = Step::kNothing;  // written on the plugin thread while the loop awaits it
  std::string failure_{};
  Result<void> shutdown_outcome_{};
  std::int32_t vmm_pid_ = 0;
  const SharedFilesystemServer* file_server_ = nullptr;
  std::map<std::string, Container> containers_{};
};

}  // namespace kata::sandbox
