// SPDX-License-Identifier: Apache-2.0
//
// Which containers ran out of memory, for GetOOMEvent: each time one does, not only the first. An
// event that nobody asks for waits; a container has at most sixteen waiting, so that one which dies
// in a loop neither fills the memory nor hides another. Threads: one executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "agent/container/cgroup.h"
#include "agent/turnstile.h"
#include "kata/result.h"

namespace kata::agent {

class OomWatch {
 public:
  explicit OomWatch(const boost::asio::any_io_executor& executor)
      : executor_(executor), turnstile_(executor), wake_(executor) {}

  // From now on. Called before the container's program runs.
  Result<void> add(const std::string& id, const Cgroup& cgroup);
  void remove(const std::string& id);

  // The id of a container; callers take turns. kInternal once stop() was called.
  boost::asio::awaitable<Result<std::string>> next();
  void stop();

 private:
  struct Source;
  static boost::asio::awaitable<void> follow(std::shared_ptr<Source> source, OomWatch* owner);
  void push(const std::string& id);

  boost::asio::any_io_executor executor_;
  Turnstile turnstile_;
  boost::asio::steady_timer wake_;  // never expires: cancelled when there is something to say
  bool stopped_ = false;
  std::deque<std::string> waiting_{};
  std::map<std::string, std::shared_ptr<Source>> sources_{};
};

}  // namespace kata::agent
