// SPDX-License-Identifier: Apache-2.0
//
// Asks the parts of a running sandbox, again and again, whether they still answer. That a process
// has ended is noticed elsewhere and at once (fate.h); this is for one that hangs.
// Threads: the loop's only.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kata/result.h"
#include "sandbox/fate.h"

namespace kata::sandbox {

struct HealthLimits {
  std::chrono::milliseconds period{5'000};   // between one answer and the next question
  std::chrono::milliseconds answer{30'000};  // a question without an answer by then has failed
  unsigned failures = 3;                     // of one part, in a row: it is dead
};

// Asked one after the other, so that a probe can rely on those before it.
struct HealthProbe {
  std::string part{};  // "the agent", for messages
  std::function<boost::asio::awaitable<Result<void>>(Deadline deadline)> ask{};
};

// Completes when a part is dead, with what it is and its last failure; a probe that does not come
// back by its deadline is given up. Logs the first failure of a part and its recovery. The owner's
// reaction is to tell its Fate, which takes the sandbox down. Cancel the coroutine to stop.
boost::asio::awaitable<Error> watch_health(std::vector<HealthProbe> probes, HealthLimits limits);

// The same until the fate is sealed: by another, or by what this finds.
boost::asio::awaitable<void> watch_health_until_fate(std::vector<HealthProbe> probes,
                                                     HealthLimits limits,
                                                     std::shared_ptr<Fate> fate);

}  // namespace kata::sandbox
