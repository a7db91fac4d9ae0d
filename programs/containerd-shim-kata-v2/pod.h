// SPDX-License-Identifier: Apache-2.0
//
// The shim's sandbox: the VM of a pod, or of a single container. It comes with the first container
// and goes with that, whatever others there are; or it stands alone, by the Sandbox API.
//
// Threads: the loop's only; blocking steps run on the sandbox's plugin thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "kata/result.h"
#include "sandbox/event.h"
#include "sandbox/new_sandbox.h"
#include "sandbox/oom_watch.h"
#include "sandbox/sandbox_host.h"
#include "sandbox/sandbox_sockets.h"
#include "sandbox/settling.h"
#include "sandbox/store.h"

namespace kata::shim_v2 {

// A sandbox that was made before its containers and outlives them.
struct StandaloneSandbox {
  std::string id{};
  std::map<std::string, std::string> sysctls{};  // of all its containers
};

class Pod {
 public:
  Pod(boost::asio::any_io_executor loop, sandbox::Store store,
      sandbox::SandboxHost::MakeParts make_parts = {});

  const sandbox::Store& store() const noexcept { return store_; }
  bool has_sandbox() const noexcept { return host_ && host_->prepared(); }
  // False while it is being brought up: who joins then would lose it when that fails.
  bool can_be_joined() const noexcept { return has_sandbox() && up_->is_set(); }
  // Preconditions of what follows: has_sandbox(). It stays when it has been taken down.
  const std::string& id() const noexcept { return host_->record().id; }
  const std::string& netns() const noexcept { return host_->record().netns; }
  const sandbox::SandboxCgroups& cgroups() const noexcept { return host_->record().cgroups; }
  sandbox::Sandbox& sandbox() { return host_->sandbox(); }
  sandbox::OomWatch& ooms() { return *ooms_; }
  sandbox::ProcessRef vmm() const noexcept { return vmm_; }

  // Null: the sandbox is that of its first container, or there is none yet.
  const StandaloneSandbox* standalone() const noexcept {
    return standalone_ ? &*standalone_ : nullptr;
  }
  void stand_alone(StandaloneSandbox sandbox) { standalone_ = std::move(sandbox); }

  // Brings the VM up, from a plan whose id is reserved in the store. After a failure nothing is
  // left but the record, and there is no sandbox.
  boost::asio::awaitable<Result<void>> bring_up(sandbox::SandboxPlan plan);

  // Ends the VM and removes what the sandbox has on the host; the record goes last, if all of that
  // succeeded. A second caller awaits the first and gets the same answer. Without a sandbox it does
  // nothing. A bring_up() that is under way gives up, undoes and fails.
  boost::asio::awaitable<Result<void>> take_down();

  // The sandbox, or something in it, has been started.
  void settle() { settling_.begin(); }

  // Runs call() where plugins run, so in order with shares.
  template <class Call>
  auto on_plugin_thread(Call call) {
    return host_->plugins().run(std::move(call));
  }

 private:
  boost::asio::awaitable<Result<void>> bring_up_host();
  boost::asio::awaitable<void> give_up_bring_up();
  boost::asio::awaitable<Result<void>> remove_everything();

  boost::asio::any_io_executor loop_;
  sandbox::Store store_;
  sandbox::SandboxHost::MakeParts make_parts_;
  std::unique_ptr<sandbox::SandboxHost> host_{};
  // Of a bring-up that failed: what waited for its end, as give_up_bring_up() does, looks at it
  // once more.
  std::unique_ptr<sandbox::SandboxHost> undone_{};
  std::unique_ptr<sandbox::OomWatch> ooms_{};
  std::unique_ptr<sandbox::SandboxSockets> sockets_{};
  sandbox::ProcessRef vmm_{};
  sandbox::Settling settling_;
  std::optional<StandaloneSandbox> standalone_{};
  std::shared_ptr<sandbox::Event> up_{};    // being brought up, or done
  std::unique_ptr<sandbox::Event> down_{};  // being taken down, or done
  bool unwanted_ = false;                   // no VM is to be started any more
  Result<void> outcome_{};
};

}  // namespace kata::shim_v2
