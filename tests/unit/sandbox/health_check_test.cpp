// SPDX-License-Identifier: Apache-2.0
#include "sandbox/health_check.h"

#include <doctest/doctest.h>

#include "kata/concat.h"
#include "sandbox/event.h"
#include "tests/unit/sandbox/stage.h"

using namespace std::chrono_literals;

namespace kata::sandbox {

namespace {

// Answers by a script: '.' well, 'x' with a failure, '-' never. After its end it fails.
class Part {
 public:
  Part(std::string name, std::string answers)
      : name_(std::move(name)), answers_(std::move(answers)) {}

  HealthProbe probe() {
    return {name_, [this](Deadline) { return ask(); }};
  }
  std::size_t asked() const { return asked_; }

 private:
  boost::asio::awaitable<Result<void>> ask() {
    const std::size_t at = asked_++;
    const char answer = at < answers_.size() ? answers_[at] : 'x';
    if (answer == '-') co_await sleep_until(Deadline::max());
    if (answer == 'x') co_return make_error(ErrorCode::kInternal, concat("failure ", at));
    co_return Result<void>();
  }

  std::string name_, answers_;
  std::size_t asked_ = 0;
};

HealthLimits quick() {
  HealthLimits limits;
  limits.period = 1ms;
  limits.answer = 20ms;
  return limits;
}

Error verdict_of(std::vector<HealthProbe> probes) {
  boost::asio::io_context loop;
  return await(loop, watch_health(std::move(probes), quick()));
}

}  // namespace

TEST_CASE("a part is dead after three failures in a row and not before") {
  Part agent("the agent", ".x.xx..xxx");
  const Error error = verdict_of({agent.probe()});
  CHECK(agent.asked() == 10);
  CHECK(error.code == ErrorCode::kUnavailable);
  CHECK(error.message == "the agent failed 3 health checks in a row: failure 9");
}

TEST_CASE("a part that does not answer has failed at the deadline") {
  Part agent("the agent", "--.---");
  const Error error = verdict_of({agent.probe()});
  CHECK(agent.asked() == 6);
  CHECK(error.message == "the agent failed 3 health checks in a row: no answer within 20 ms");
}

TEST_CASE("each part is asked in turn and counted for itself") {
  Part vmm("the VMM", "x.x.x.x."), agent("the agent", ".x.x.xxx");
  const Error error = verdict_of({vmm.probe(), agent.probe()});
  CHECK(vmm.asked() == 8);
  CHECK(agent.asked() == 8);
  CHECK(error.message.starts_with("the agent failed 3"));
}

TEST_CASE("a healthy sandbox is asked for as long as nobody cancels it") {
  Part agent("the agent", std::string(1000, '.'));
  boost::asio::io_context loop;
  using namespace boost::asio::experimental::awaitable_operators;
  const auto until_asked = [&]() -> boost::asio::awaitable<bool> {
    while (agent.asked() < 50) co_await sleep_until(std::chrono::steady_clock::now() + 1ms);
    co_return true;
  };
  const auto either = [&]() -> boost::asio::awaitable<std::size_t> {
    std::vector<HealthProbe> probes{agent.probe()};
    const auto first = co_await (watch_health(std::move(probes), quick()) || until_asked());
    co_return first.index();
  };
  CHECK(await(loop, either()) == 1);
}

}  // namespace kata::sandbox
