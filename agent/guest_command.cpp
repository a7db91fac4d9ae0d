// SPDX-License-Identifier: Apache-2.0
#include "agent/guest_command.h"

#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent/process_signals.h"
#include "agent/stdio.h"
#include "kata/child_process.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::uint32_t kChunk = 65536;

using ProcessPointer = std::shared_ptr<Process>;

Result<ProcessPointer> start(const asio::any_io_executor& executor, Signals& signals,
                             std::vector<std::string> arguments) {
  StdioPair stdio = KATA_TRY(make_pipes(0), "make pipes");
  SpawnRequest request;
  request.argv = std::move(arguments);
  request.descriptors = {
      {stdio.process.in.get(), 0}, {stdio.process.out.get(), 1}, {stdio.process.err.get(), 2}};
  const ChildProcess child = KATA_TRY(ChildProcess::spawn(std::move(request)), "");
  auto process = std::make_shared<Process>(executor, child.pid(), std::move(stdio.agent));
  signals.watch(process);
  return process;
}

// In the background: a program may write before it has read everything.
asio::awaitable<void> feed(ProcessPointer process, std::string input) {
  if (!input.empty()) static_cast<void>((co_await process->write_stdin(std::move(input))).ok());
  static_cast<void>((co_await process->close_stdin()).ok());
}

asio::awaitable<Result<std::string>> collect(ProcessPointer process, Output output,
                                             std::size_t limit) {
  for (std::string all;;) {
    KATA_CO_TRY(std::string chunk, co_await process->read(output, kChunk), "");
    if (chunk.empty()) co_return all;
    if (all.size() + chunk.size() > limit)
      co_return make_error(ErrorCode::kResourceExhausted,
                           concat("prints more than ", limit, " bytes"));
    all += chunk;
  }
}

struct ErrorText {
  explicit ErrorText(const asio::any_io_executor& executor)
      : finished(executor, asio::steady_timer::time_point::max()) {}
  std::string text{};
  bool complete = false;
  asio::steady_timer finished;  // never expires: cancelled when the text is complete
};

// Both streams at once: a program that fills one while the other is read would wait for ever.
asio::awaitable<void> collect_errors(ProcessPointer process, std::shared_ptr<ErrorText> errors) {
  auto text = co_await collect(process, Output::kStderr, kChunk);
  if (text.ok()) errors->text = text.take();
  errors->complete = true;
  errors->finished.cancel();
}

struct KillAtEnd {
  ProcessPointer process;
  ~KillAtEnd() {
    if (!process->status()) static_cast<void>(signal_process(process->pid(), SIGKILL).ok());
  }
};

}  // namespace

asio::awaitable<Result<CommandResult>> run_command(Signals& signals,
                                                   std::vector<std::string> arguments,
                                                   std::string input, Deadline deadline,
                                                   std::size_t limit) {
  const auto executor = co_await asio::this_coro::executor;
  const std::string program = arguments.at(0);
  KATA_CO_TRY(const ProcessPointer process, start(executor, signals, std::move(arguments)), "");
  const KillAtEnd kill_at_end{process};
  const auto timed_out = std::make_shared<bool>(false);
  asio::steady_timer timer(executor, deadline);
  timer.async_wait([process, timed_out](const boost::system::error_code& error) {
    if (error || process->status()) return;
    *timed_out = true;
    static_cast<void>(signal_process(process->pid(), SIGKILL).ok());
  });
  const auto errors = std::make_shared<ErrorText>(executor);
  asio::co_spawn(executor, feed(process, std::move(input)), asio::detached);
  asio::co_spawn(executor, collect_errors(process, errors), asio::detached);
  KATA_CO_TRY(std::string output, co_await collect(process, Output::kStdout, limit), program);
  KATA_CO_TRY(const int code, co_await process->wait(), program);
  if (*timed_out)
    co_return make_error(ErrorCode::kTimeout, concat(program, ": does not end, so it was killed"));
  if (!errors->complete) co_await errors->finished.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return CommandResult{code, std::move(output), std::move(errors->text)};
}

}  // namespace kata::agent
