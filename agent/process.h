// SPDX-License-Identifier: Apache-2.0
//
// One process of a container as its host sees it: an exit status that anybody may wait for, and
// three streams that move only when the host asks.
//
// Nothing here reads ahead: what the host does not fetch stays in the pipe, and a full pipe stops
// the process. Each stream serves its callers one at a time, in order of arrival. Owned by its
// container and by the calls in progress. Threads: one executor.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/stdio.h"
#include "agent/turnstile.h"
#include "kata/result.h"

namespace kata::agent {

enum class Output { kStdout = 1, kStderr };

class Process : public std::enable_shared_from_this<Process> {
 public:
  Process(const boost::asio::any_io_executor& executor, pid_t pid, AgentStdio stdio);

  pid_t pid() const noexcept { return pid_; }
  bool terminal() const noexcept { return terminal_; }

  // The exit code, or 128 + signal; nothing while it runs.
  std::optional<int> status() const noexcept { return status_; }

  // The reaper says that it ended. Output left in the pipes stays readable; a descendant that holds
  // them open delays the end of the stream by half a second at most.
  void exited(int status);

  boost::asio::awaitable<Result<int>> wait();

  // One byte at least, `length` at most; empty at the end of the stream. Takes nothing from the
  // stream before `room`, if given, says so.
  using Room = std::function<boost::asio::awaitable<Result<void>>()>;
  boost::asio::awaitable<Result<std::string>> read(Output output, std::uint32_t length,
                                                   Room room = nullptr);

  // All of `data`, as fast as the process takes it; empty data closes the stream.
  boost::asio::awaitable<Result<void>> write_stdin(std::string data);
  boost::asio::awaitable<Result<void>> close_stdin();

  Result<void> resize(std::uint32_t rows, std::uint32_t columns);

  // The host has the exit status. From now on only output that is still to be fetched keeps the
  // record: see finished().
  void collect();
  bool collected() const noexcept { return collected_; }
  bool finished() const noexcept {
    return collected_ && !out_.stream.is_open() && !err_.stream.is_open();
  }

 private:
  struct Channel {
    Channel(const boost::asio::any_io_executor& executor, UniqueFd fd);
    boost::asio::posix::stream_descriptor stream;
    Turnstile turnstile;
  };

  Channel& channel_of(Output output) {
    return terminal_ || output == Output::kStdout ? out_ : err_;
  }
  void end_of_grace();

  pid_t pid_;
  bool terminal_;
  bool collected_ = false;
  bool drained_ = false;  // the grace after the exit is over
  std::optional<int> status_{};
  boost::asio::steady_timer exit_event_;  // never expires: cancelled to wake all who wait
  boost::asio::steady_timer grace_;
  Channel in_, out_, err_;
};

}  // namespace kata::agent
