// SPDX-License-Identifier: Apache-2.0
//
// Out-of-memory kills in the guest. The agent tells each of them once, to one caller; here they are
// counted, so that any number of `events` see all of their container. Nothing is asked of the agent
// before the first caller comes. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <map>
#include <string>

#include "kata/result.h"
#include "sandbox.pb.h"
#include "sandbox/sandbox.h"

namespace kata::proxy {

class OomWatch {
 public:
  OomWatch(boost::asio::any_io_executor loop, sandbox::Sandbox& sandbox)
      : loop_(loop), sandbox_(sandbox), change_(loop, Deadline::max()) {}

  // kNotFound when the sandbox has no such container.
  boost::asio::awaitable<Result<sandbox::WaitOomResponse>> wait(sandbox::WaitOomRequest request);

 private:
  void start_listening();
  boost::asio::awaitable<void> listen();
  void count(const std::string& container_id);
  bool has_container(const std::string& id) const;

  boost::asio::any_io_executor loop_;
  sandbox::Sandbox& sandbox_;
  boost::asio::steady_timer change_;  // never expires; cancelling it wakes all who wait
  std::map<std::string, std::uint64_t> counts_{};
  std::string failure_{};
  bool listening_ = false;
};

}  // namespace kata::proxy
