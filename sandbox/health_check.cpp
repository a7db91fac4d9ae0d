// SPDX-License-Identifier: Apache-2.0
#include "sandbox/health_check.h"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <utility>
#include <variant>

#include "core/base/log.h"
#include "kata/concat.h"
#include "sandbox/event.h"

namespace kata::sandbox {

namespace asio = boost::asio;
using asio::experimental::awaitable_operators::operator||;

namespace {

asio::awaitable<Result<void>> ask(const HealthProbe& probe, std::chrono::milliseconds time) {
  const Deadline deadline = std::chrono::steady_clock::now() + time;
  auto first = co_await (probe.ask(deadline) || sleep_until(deadline));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return make_error(ErrorCode::kTimeout, concat("no answer within ", time.count(), " ms"));
}

// One part's record.
class Pulse {
 public:
  explicit Pulse(const HealthProbe& probe) : probe_(probe) {}

  asio::awaitable<void> check(std::chrono::milliseconds time) {
    auto answer = co_await ask(probe_, time);
    if (answer.ok() && failures_ != 0)
      log::info(concat(probe_.part, " answers again"), {{"failures", std::to_string(failures_)}});
    failures_ = answer.ok() ? 0 : failures_ + 1;
    if (answer.ok()) co_return;
    last_ = std::move(answer).error();
    if (failures_ == 1)
      log::warn(concat(probe_.part, " failed a health check"), {{"error", last_.message}});
  }

  unsigned failures() const noexcept { return failures_; }

  Error verdict() const {
    return make_error(ErrorCode::kUnavailable, concat(probe_.part, " failed ", failures_,
                                                      " health checks in a row: ", last_.message));
  }

 private:
  const HealthProbe& probe_;
  unsigned failures_ = 0;
  Error last_{};
};

}  // namespace

asio::awaitable<Error> watch_health(std::vector<HealthProbe> probes, HealthLimits limits) {
  std::vector<Pulse> pulses(probes.begin(), probes.end());
  for (;;) {
    co_await sleep_until(std::chrono::steady_clock::now() + limits.period);
    // The owner of what the probes ask may have gone.
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      co_return make_error(ErrorCode::kCancelled, "health checks were stopped");
    for (Pulse& pulse : pulses) {
      co_await pulse.check(limits.answer);
      if (pulse.failures() >= limits.failures) co_return pulse.verdict();
    }
  }
}

asio::awaitable<void> watch_health_until_fate(std::vector<HealthProbe> probes, HealthLimits limits,
                                              std::shared_ptr<Fate> fate) {
  const auto first = co_await (watch_health(std::move(probes), limits) || fate->ended());
  if (first.index() == 0) fate->tell(std::get<0>(first).message);
}

}  // namespace kata::sandbox
