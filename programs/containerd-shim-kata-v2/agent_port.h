// SPDX-License-Identifier: Apache-2.0
//
// Calls to the guest's agent about one container.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <utility>

#include "kata/concat.h"
#include "kata/result.h"
#include "sandbox/sandbox.h"

namespace kata::shim_v2 {

inline constexpr const char* kAgentService = "grpc.AgentService";

// How long a guest is borne that does not do as it is told.
struct Patience {
  std::chrono::milliseconds kill{4'000};    // for the reply to a signal
  std::chrono::milliseconds end{30'000};    // for the end of what has been sent SIGKILL
  std::chrono::milliseconds stall{10'000};  // without output of a process that has ended
  std::chrono::milliseconds drain{60'000};  // for all output of a process that has ended
  std::chrono::milliseconds removal = sandbox::kRemovalTime;  // for its part of a container to go
};

// No time limit: 0. A reply that is no valid message is an error of the guest.
template <class Response, class Request>
boost::asio::awaitable<Result<Response>> ask_agent(sandbox::Sandbox& sandbox, const char* method,
                                                   const Request& request,
                                                   std::chrono::nanoseconds timeout) {
  std::string payload = request.SerializeAsString();
  auto reply = co_await sandbox.forward(kAgentService, method, std::move(payload), timeout);
  if (!reply.ok()) co_return std::move(reply).error();
  Response response;
  if (!response.ParseFromString(reply.value()))
    co_return make_error(ErrorCode::kInternal,
                         concat(method, ": the agent's reply is not a valid message"));
  co_return response;
}

template <class Request>
boost::asio::awaitable<Result<void>> tell_agent(sandbox::Sandbox& sandbox, const char* method,
                                                const Request& request,
                                                std::chrono::nanoseconds timeout) {
  std::string payload = request.SerializeAsString();
  auto reply = co_await sandbox.forward(kAgentService, method, std::move(payload), timeout);
  if (!reply.ok()) co_return std::move(reply).error();
  co_return Result<void>{};
}

}  // namespace kata::shim_v2
