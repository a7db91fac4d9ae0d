// SPDX-License-Identifier: Apache-2.0
#include "sandbox/oom_watch.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "agent.pb.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "sandbox/event.h"

namespace kata::sandbox {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kLongestWaitMs = 600'000;
constexpr std::chrono::milliseconds kLeastGap{10};  // a hostile guest tells no more than 100/s

}  // namespace

// Shared with the coroutines, which may be resumed once more when their owner has gone.
struct OomWatch::State {
  State(const asio::any_io_executor& executor, Sandbox& borrowed)
      : loop(executor), sandbox(&borrowed), change(executor, Deadline::max()) {}

  bool has_container(const std::string& id) const {
    if (sandbox == nullptr) return false;
    const auto containers = sandbox->status().containers;
    return std::find(containers.begin(), containers.end(), id) != containers.end();
  }

  // Of containers that there are: what else the guest makes up is not remembered.
  void count(const std::string& container_id) {
    if (!has_container(container_id)) return;
    log::warn("the guest killed a process for want of memory", {{"container", container_id}});
    ++counts[container_id];
    change.cancel();
  }

  // Ends with the guest, or when its agent knows no such call; the next caller tries again.
  static asio::awaitable<void> listen(std::shared_ptr<State> state) {
    while (state->sandbox != nullptr) {
      auto reply = co_await state->sandbox->forward("grpc.AgentService", "GetOOMEvent", "",
                                                    std::chrono::nanoseconds(0));
      grpc::OOMEvent event;
      if (!reply.ok() || !event.ParseFromString(reply.value())) {
        state->failure = reply.ok() ? "GetOOMEvent: the agent's reply is not a valid message"
                                    : in_context(reply.error(), "GetOOMEvent").message;
        break;
      }
      state->failure.clear();
      state->count(event.container_id());
      co_await sleep_until(std::chrono::steady_clock::now() + kLeastGap);
    }
    state->listening = false;
  }

  static asio::awaitable<Result<WaitOomResponse>> wait(std::shared_ptr<State> state,
                                                       WaitOomRequest request) {
    using namespace asio::experimental::awaitable_operators;
    const std::string& id = request.container_id();
    if (!state->has_container(id))
      co_return make_error(ErrorCode::kNotFound, concat("container '", id, "' does not exist"));
    if (!std::exchange(state->listening, true))
      asio::co_spawn(state->loop, listen(state), asio::detached);
    const auto wanted = std::clamp<std::int64_t>(request.timeout_ms(), 0, kLongestWaitMs);
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wanted);
    while (request.has_seen() && state->counts[id] == request.seen() && state->sandbox != nullptr &&
           std::chrono::steady_clock::now() < deadline)
      co_await (state->change.async_wait(asio::as_tuple(asio::use_awaitable)) ||
                sleep_until(deadline));
    WaitOomResponse response;
    response.set_count(state->counts[id]);
    response.set_failure(state->failure);
    co_return response;
  }

  asio::any_io_executor loop;
  Sandbox* sandbox;           // null: it may be gone
  asio::steady_timer change;  // never expires; cancelling it wakes all who wait
  std::map<std::string, std::uint64_t> counts{};
  std::string failure{};
  bool listening = false;
};

OomWatch::OomWatch(const asio::any_io_executor& loop, Sandbox& sandbox)
    : state_(std::make_shared<State>(loop, sandbox)) {}

OomWatch::~OomWatch() {
  state_->sandbox = nullptr;
  state_->change.cancel();
}

asio::awaitable<Result<WaitOomResponse>> OomWatch::wait(WaitOomRequest request) {
  return State::wait(state_, std::move(request));
}

}  // namespace kata::sandbox
