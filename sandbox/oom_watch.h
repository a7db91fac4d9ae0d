// SPDX-License-Identifier: Apache-2.0
//
// Out-of-memory kills in the guest. The agent tells each of them once, to one caller; here they are
// counted, so that any number of `events` see all of their container. Nothing is asked of the agent
// before the first caller comes. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

#include "kata/result.h"
#include "sandbox.pb.h"
#include "sandbox/sandbox.h"

namespace kata::sandbox {

class OomWatch {
 public:
  // The sandbox is borrowed for the life of the object. Calls that still wait then end later.
  OomWatch(const boost::asio::any_io_executor& loop, Sandbox& sandbox);
  ~OomWatch();
  OomWatch(const OomWatch&) = delete;
  OomWatch& operator=(const OomWatch&) = delete;

  // kNotFound when the sandbox has no such container.
  boost::asio::awaitable<Result<WaitOomResponse>> wait(WaitOomRequest request);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace kata::sandbox
