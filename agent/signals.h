// SPDX-License-Identifier: Apache-2.0
//
// The signals that the agent lives by: SIGCHLD, so that every process that ends is reaped (orphans
// of containers are the agent's children, too), and SIGTERM and SIGINT, so that it ends in order.
//
// They are blocked and read from a signalfd; SIGPIPE is ignored. Whoever forks must give the child
// an empty mask and default actions. Threads: one executor.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <map>
#include <memory>

#include "agent/process.h"
#include "kata/result.h"

namespace kata::agent {

class Signals {
 public:
  // Blocks the signals and becomes the reaper of orphaned descendants.
  static Result<std::unique_ptr<Signals>> install(const boost::asio::any_io_executor& executor);

  // `process` learns of its exit. To be called before the loop runs again after the fork.
  void watch(std::shared_ptr<Process> process);

  // Serves for the life of the loop.
  boost::asio::awaitable<void> run(std::function<void()> on_terminate);

 private:
  Signals(const boost::asio::any_io_executor& executor, int fd) : stream_(executor, fd) {}
  void reap();

  boost::asio::posix::stream_descriptor stream_;
  std::map<pid_t, std::shared_ptr<Process>> watched_{};
};

}  // namespace kata::agent
