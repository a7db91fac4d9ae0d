// SPDX-License-Identifier: Apache-2.0
//
// What the fakes were asked to do, in order, the one call that is to fail, and the one that is not
// to return. Threads: any.
#pragma once

#include <algorithm>
#include <condition_variable>
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
    std::unique_lock lock(mutex_);
    calls_.emplace_back(call);
    changed_.wait(lock, [&] { return call != held_; });
    if (call == failing_)
      return make_error(ErrorCode::kResourceExhausted, concat("planted failure of ", call));
    return {};
  }

  void fail(std::string call) {
    const std::lock_guard lock(mutex_);
    failing_ = std::move(call);
  }

  // Until hold("").
  void hold(std::string call) {
    const std::lock_guard lock(mutex_);
    held_ = std::move(call);
    changed_.notify_all();
  }

  bool has(std::string_view call) {
    const std::lock_guard lock(mutex_);
    return std::find(calls_.begin(), calls_.end(), call) != calls_.end();
  }

  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }

 private:
  std::mutex mutex_{};
  std::vector<std::string> calls_{};
  std::string failing_{}, held_{};
  std::condition_variable changed_{};
};

}  // namespace kata::fakes
