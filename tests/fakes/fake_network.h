// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "kata/plugin/network.h"
#include "kata/plugin/network_changes.h"
#include "kata/unique_fd.h"
#include "tests/fakes/call_log.h"

namespace kata::fakes {

class FakeNetwork final : public Network, public NetworkChanges {
 public:
  explicit FakeNetwork(CallLog& log) : log_(log) {}

  GuestNetwork guest{};
  NetworkChange next{};  // what the next rescan finds
  UniqueFd changes{};    // for watch(); none: it does not offer NetworkChanges

  void can_change() { changes = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }
  void change(NetworkChange what) {
    next = std::move(what);
    static_cast<void>(::eventfd_write(changes.get(), 1));
  }

  Result<void> check_host() override { return log_.enter("network.check_host"); }
  Result<NetworkPlan> attach(const NetworkSpec&) override {
    KATA_TRY(log_.enter("network.attach"), "");
    NetworkPlan plan;
    plan.guest = guest;
    return plan;
  }
  Result<void> detach() override { return log_.enter("network.detach"); }
  Result<int> watch() override { return changes.get(); }
  Result<NetworkChange> rescan() override {
    eventfd_t count = 0;
    static_cast<void>(::eventfd_read(changes.get(), &count));
    KATA_TRY(log_.enter("network.rescan"), "");
    return std::exchange(next, {});
  }
  Result<void> release(std::string_view) override { return log_.enter("network.release"); }
  Result<std::string> save_state() const override { return std::string("network state"); }
  void* extension(std::string_view id) noexcept override {
    return changes && id == NetworkChanges::kId ? static_cast<NetworkChanges*>(this) : nullptr;
  }

 private:
  CallLog& log_;
};

}  // namespace kata::fakes
