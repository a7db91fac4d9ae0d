// SPDX-License-Identifier: Apache-2.0
//
// What the fakes were asked to do, in order, and the one call that is to fail. Threads: any.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kata/concat.h"
#include "kata/result.h"

namespace kata::fakes {

class CallLog {
 public:
  // Notes the call; fails it when it is the one.
  Result<void> enter(std::string_view call) {
    const std::lock_guard lock(mutex_);
    calls_.emplace_back(call);
    if (call == failing_)
      return make_error(ErrorCode::kResourceExhausted, concat("planted failure of ", call));
    return {};
  }

  void fail(std::string call) {
    const std::lock_guard lock(mutex_);
    failing_ = std::move(call);
  }

  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }

 private:
  std::mutex mutex_{};
  std::vector<std::string> calls_{};
  std::string failing_{};
};

}  // namespace kata::fakes
