// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-proxy/oom_watch.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "agent.pb.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "sandbox/event.h"

namespace kata::proxy {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kLongestWaitMs = 600'000;
constexpr std::chrono::milliseconds kLeastGap{10};  // a hostile guest tells no more than 100/s

}  // namespace

asio::awaitable<Result<sandbox::WaitOomResponse>> OomWatch::wait(sandbox::WaitOomRequest request) {
  using namespace asio::experimental::awaitable_operators;
  const std::string& id = request.container_id();
  if (!has_container(id))
    co_return make_error(ErrorCode::kNotFound, concat("container '", id, "' does not exist"));
  start_listening();
  const auto wanted = std::clamp<std::int64_t>(request.timeout_ms(), 0, kLongestWaitMs);
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wanted);
  while (request.has_seen() && counts_[id] == request.seen() &&
         std::chrono::steady_clock::now() < deadline)
    co_await (change_.async_wait(asio::as_tuple(asio::use_awaitable)) ||
              sandbox::sleep_until(deadline));
  sandbox::WaitOomResponse response;
  response.set_count(counts_[id]);
  response.set_failure(failure_);
  co_return response;
}

void OomWatch::start_listening() {
  if (listening_) return;
  listening_ = true;
  asio::co_spawn(loop_, listen(), asio::detached);
}

// Ends with the guest, or when its agent knows no such call; the next caller tries again.
asio::awaitable<void> OomWatch::listen() {
  for (;;) {
    auto reply = co_await sandbox_.forward("grpc.AgentService", "GetOOMEvent", "",
                                           std::chrono::nanoseconds(0));
    grpc::OOMEvent event;
    if (reply.ok() && event.ParseFromString(reply.value())) {
      failure_.clear();
      count(event.container_id());
    } else {
      failure_ = reply.ok() ? "GetOOMEvent: the agent's reply is not a valid message"
                            : in_context(reply.error(), "GetOOMEvent").message;
      break;
    }
    co_await sandbox::sleep_until(std::chrono::steady_clock::now() + kLeastGap);
  }
  listening_ = false;
}

// Of containers that there are: what else the guest makes up is not remembered.
void OomWatch::count(const std::string& container_id) {
  if (!has_container(container_id)) return;
  log::warn("the guest killed a process for want of memory", {{"container", container_id}});
  ++counts_[container_id];
  change_.cancel();
}

bool OomWatch::has_container(const std::string& id) const {
  const auto containers = sandbox_.status().containers;
  return std::find(containers.begin(), containers.end(), id) != containers.end();
}

}  // namespace kata::proxy
