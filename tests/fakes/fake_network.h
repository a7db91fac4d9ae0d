// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "kata/plugin/draft/network.h"
#include "tests/fakes/call_log.h"

namespace kata::fakes {

class FakeNetwork final : public Network {
 public:
  explicit FakeNetwork(CallLog& log) : log_(log) {}

  GuestNetwork guest{};

  Result<void> check_host() override { return log_.enter("network.check_host"); }
  Result<NetworkPlan> attach(const NetworkSpec&) override {
    KATA_TRY(log_.enter("network.attach"), "");
    NetworkPlan plan;
    plan.guest = guest;
    return plan;
  }
  Result<void> detach() override { return log_.enter("network.detach"); }
  Result<int> watch() override { return -1; }
  Result<NetworkChange> rescan() override {
    KATA_TRY(log_.enter("network.rescan"), "");
    return NetworkChange{};
  }
  Result<void> release(std::string_view) override { return log_.enter("network.release"); }
  Result<std::string> save_state() const override { return std::string("network state"); }

 private:
  CallLog& log_;
};

}  // namespace kata::fakes
