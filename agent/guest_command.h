// SPDX-License-Identifier: Apache-2.0
//
// A program of the guest's own, run to its end: input, output and exit code. The call waits, the
// agent does not.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "agent/signals.h"
#include "kata/result.h"

namespace kata::agent {

struct CommandResult {
  int code = 0;  // exit code, or 128 + signal
  std::string output{}, errors{};
};

// `arguments` starts with the program's path. It ends with the agent. Output beyond `limit` bytes
// is kResourceExhausted; a program that is still there at the deadline is killed: kTimeout.
boost::asio::awaitable<Result<CommandResult>> run_command(Signals& signals,
                                                          std::vector<std::string> arguments,
                                                          std::string input, Deadline deadline,
                                                          std::size_t limit = 3U << 20);

}  // namespace kata::agent
