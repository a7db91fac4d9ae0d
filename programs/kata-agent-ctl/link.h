// SPDX-License-Identifier: Apache-2.0
//
// The connection to the agent, for a program that makes one call after the other. Opened by the
// first call; after it was lost, anew by the next.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "programs/kata-agent-ctl/endpoint.h"
#include "protocol/ttrpc/client.h"

namespace kata::agentctl {

struct LinkSettings {
  std::optional<Endpoint> endpoint{};  // none: every call is refused
  std::string address{};               // the endpoint as it was given, for messages
  std::chrono::nanoseconds connect_timeout{0};
};

// What became of a call. An error is the agent's answer, or ours when `lost`: there is no
// connection (any more).
struct Answer {
  Result<std::string> payload;
  bool lost = false;
};

// Threads: one.
class Link {
 public:
  explicit Link(LinkSettings settings) : settings_(std::move(settings)) {}

  // A new connection of its own on the given loop.
  Result<ttrpc::Client> connect(boost::asio::io_context& loop) const;

  // SIGINT gives the call up: kCancelled.
  Answer call(std::string_view service, std::string_view method, const std::string& payload,
              std::chrono::nanoseconds timeout);

 private:
  boost::asio::io_context loop_;
  std::optional<ttrpc::Client> client_;
  std::shared_ptr<bool> lost_;  // of client_; shared with the coroutine that waits for its end
  LinkSettings settings_;
};

}  // namespace kata::agentctl
