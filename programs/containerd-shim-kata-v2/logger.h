// SPDX-License-Identifier: Apache-2.0
//
// A logger that a client of containerd names by binary://: a program that reads a container's
// output from its descriptors 3 and 4, and closes 5 when it is ready (containerd's logging
// protocol).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "programs/containerd-shim-kata-v2/stdio_target.h"

namespace kata::shim_v2 {

struct LoggerRequest {
  StdioTarget program{};
  std::string container_id{}, container_namespace{};  // its environment, and nothing else is
};

// Threads: the loop's only.
class Logger {
 public:
  // Returns when it is ready; an error when it has ended instead, or is not ready in time.
  static boost::asio::awaitable<Result<std::unique_ptr<Logger>>> start(LoggerRequest request);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  // The write ends, to be taken once.
  UniqueFd out{}, err{};

  // After both are closed: waits until it has written everything down and ended. One that will not
  // is killed.
  boost::asio::awaitable<void> finish();

 private:
  Logger() = default;

  pid_t pid_ = -1;
  UniqueFd pidfd_{}, ready_{};
  std::string path_{};
};

}  // namespace kata::shim_v2
