// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/pod.h"

#include <chrono>
#include <utility>

#include "core/base/log.h"
#include "kata/child_process.h"
#include "sandbox/sandbox_cgroups.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;

namespace {

// The guest need not end by itself: what a process wrote to shared files is on the host when the
// process has ended.
constexpr std::chrono::milliseconds kPatience{0};
constexpr std::chrono::seconds kEmptyTime{3};  // for processes that are about to leave the groups

}  // namespace

Pod::Pod(asio::any_io_executor loop, sandbox::Store store,
         sandbox::SandboxHost::MakeParts make_parts)
    : loop_(std::move(loop)),
      store_(std::move(store)),
      make_parts_(std::move(make_parts)),
      settling_(loop_) {}

asio::awaitable<Result<void>> Pod::bring_up(sandbox::SandboxPlan plan) {
  up_ = std::make_shared<sandbox::Event>(loop_);
  host_ = std::make_unique<sandbox::SandboxHost>(loop_, store_, std::move(plan.record),
                                                 std::move(plan.config), make_parts_);
  auto up = co_await bring_up_host();
  if (!up.ok()) {
    auto removed = co_await remove_everything();
    if (!removed.ok()) log::warn("undoing a bring-up", {{"error", removed.error().message}});
    ooms_.reset();
    undone_ = std::move(host_);
  }
  up_->set();
  co_return up;
}

asio::awaitable<Result<void>> Pod::bring_up_host() {
  KATA_CO_CHECK(co_await host_->prepare(), "");
  if (unwanted_)
    co_return make_error(ErrorCode::kCancelled, "told to stop while it was being brought up");
  ooms_ = std::make_unique<sandbox::OomWatch>(loop_, host_->sandbox());
  KATA_CO_CHECK(co_await host_->sandbox().start(), "");
  const std::int32_t pid = host_->sandbox().status().vmm_pid;
  const auto start_time = process_start_time(pid);
  vmm_ = sandbox::ProcessRef{pid, start_time.ok() ? start_time.value() : 0};
  KATA_CO_TRY(sockets_,
              sandbox::SandboxSockets::open(loop_, store_.directory(id()), host_->sandbox()), "");
  sockets_->open_console(loop_, host_->sandbox());
  co_return Result<void>{};
}

asio::awaitable<void> Pod::give_up_bring_up() {
  const auto up = up_;
  unwanted_ = true;
  if (has_sandbox()) static_cast<void>(co_await host_->sandbox().shutdown(kPatience));
  co_await up->wait();
  unwanted_ = false;
}

asio::awaitable<Result<void>> Pod::take_down() {
  if (up_ && !up_->is_set()) co_await give_up_bring_up();
  if (!has_sandbox()) co_return Result<void>{};
  if (down_) {
    co_await down_->wait();
    co_return outcome_;
  }
  down_ = std::make_unique<sandbox::Event>(loop_);
  outcome_ = co_await remove_everything();
  if (outcome_.ok()) outcome_ = store_.remove(id());
  down_->set();
  co_return outcome_;
}

asio::awaitable<Result<void>> Pod::remove_everything() {
  const sandbox::SandboxCgroups groups = host_->record().cgroups;
  Result<void> stopped;
  if (sockets_) co_await sockets_->close(std::chrono::steady_clock::now());  // waits for nobody
  if (host_->prepared() && vmm_.pid != 0) stopped = co_await host_->sandbox().shutdown(kPatience);
  auto left = sandbox::leave_cgroups(groups);
  if (!left.ok()) log::warn("the shim stays in the pod's group", {{"error", left.error().message}});
  auto remove = [groups] {
    return sandbox::remove_cgroups(groups, std::chrono::steady_clock::now() + kEmptyTime);
  };
  auto removed = co_await host_->plugins().run(std::move(remove));
  if (!stopped.ok()) co_return stopped;
  co_return removed;
}

}  // namespace kata::shim_v2
