// SPDX-License-Identifier: Apache-2.0
//
// One process of the guest, a container's first or an exec: its streams, its signals and its end.
// Its end is told when its output has been delivered, so that nothing is lost; a reader that stalls
// delays it and then loses the rest.
//
// Threads: the loop's only. Held by shared_ptr, because its coroutines may outlast their owner's
// interest. The sandbox is lent until finished() is set.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "containerd/values.pb.h"
#include "kata/result.h"
#include "oci.pb.h"
#include "programs/containerd-shim-kata-v2/agent_port.h"
#include "programs/containerd-shim-kata-v2/stdio.h"
#include "sandbox/event.h"
#include "sandbox/sandbox.h"

namespace kata::shim_v2 {

struct ProcessIdentity {
  std::string container_id{};
  std::string exec_id{};  // empty: the container's first process
};

struct ProcessExit {
  std::uint32_t code = 0;
  containerd::Timestamp time{};
};

class Process : public std::enable_shared_from_this<Process> {
 public:
  enum class Status { kCreated, kRunning, kStopped };
  using OnExit = std::function<void(const Process&)>;

  // `on_exit` is called once, right before who waits for the end is woken.
  Process(boost::asio::any_io_executor loop, sandbox::Sandbox& sandbox, ProcessIdentity identity,
          StdioRequest stdio, OnExit on_exit, Patience patience = {});

  const ProcessIdentity& identity() const noexcept { return identity_; }
  const StdioRequest& stdio() const noexcept { return request_; }
  // The exec's id, or the container's: as events and the agent name it.
  const std::string& name() const noexcept;

  Status status() const noexcept { return status_; }
  const std::optional<ProcessExit>& exit() const noexcept { return exit_; }
  boost::asio::awaitable<void> finished() { return finished_.wait(); }
  boost::asio::awaitable<bool> finished_by(Deadline deadline) {
    return finished_.wait_until(deadline);
  }

  boost::asio::awaitable<Result<void>> open_stdio();
  void close_stdio() { stdio_.reset(); }  // of one that the guest does not have

  // The guest has it from here on: carries its streams and waits for its end.
  void attach();
  bool is_attached() const noexcept { return attached_; }

  // Until the guest has told the end, which is told on when the output has been delivered.
  boost::asio::awaitable<bool> ends_by(Deadline deadline) { return ended_.wait_until(deadline); }
  // Whether the caller is the first to see to the end of a process that has been sent SIGKILL.
  bool first_to_see_to_its_end() { return !std::exchange(seen_to_, true); }
  // The guest will not tell the end: it is told as that of a killed process, without the output
  // that is still to come. Precondition: is_attached().
  void give_up() { given_up_.set(); }

  // The workload runs, or the attempt has failed; its end is not told before.
  void begin_start() { starting_ = true; }
  bool is_starting() const noexcept { return starting_; }
  void end_start(bool runs);

  // For one that was never attached: it is no more, and nobody is told.
  void abandon();

  boost::asio::awaitable<Result<void>> resize(std::uint32_t rows, std::uint32_t columns);
  void close_stdin();

 private:
  template <class Request>
  Request named() const;

  static boost::asio::awaitable<void> follow(std::shared_ptr<Process> self);
  static boost::asio::awaitable<void> carry(std::shared_ptr<Process> self, const char* method,
                                            Output& output);
  boost::asio::awaitable<std::uint32_t> end_in_guest();
  static boost::asio::awaitable<void> carry_stdin(std::shared_ptr<Process> self);
  boost::asio::awaitable<void> end_of_streams();
  void nudge_guest_when_quiet();
  std::uint32_t code_of_loss() const;
  void finish(std::uint32_t code);

  boost::asio::any_io_executor loop_;
  sandbox::Sandbox& sandbox_;
  ProcessIdentity identity_;
  StdioRequest request_;
  OnExit on_exit_;
  std::unique_ptr<Stdio> stdio_{};
  Status status_ = Status::kCreated;
  std::optional<ProcessExit> exit_{};
  Patience patience_;
  sandbox::Event finished_, started_, ended_, given_up_;
  std::array<boost::asio::cancellation_signal, 3> calls_{};  // about the streams
  boost::asio::steady_timer streams_changed_;  // never expires; cancelled at the end of a stream
  boost::asio::steady_timer quiet_;            // since output came
  Deadline progress_{};                        // when output was last taken
  int open_streams_ = 0;
  bool attached_ = false, seen_to_ = false, starting_ = false, stdin_closed_ = false;
};

}  // namespace kata::shim_v2
