// SPDX-License-Identifier: Apache-2.0
#include "agent/debug_console.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>

#include "agent/container/child.h"
#include "agent/process_signals.h"
#include "agent/stdio.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "protocol/console_end.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::array kShells{"/run/kata-extensions/devkit/bin/devkit-sh", "/bin/bash", "/bin/sh"};
constexpr std::uint32_t kChunk = 4096;
constexpr std::chrono::seconds kPause{1};  // before the console's next shell

[[noreturn]] void become_shell(const std::string& shell, ProcessStdio stdio) {
  if (!isolate_child(stdio, {}).ok()) ::_exit(126);
  ::ioctl(STDIN_FILENO, TIOCSCTTY, 0);
  if (::chdir("/") != 0) ::_exit(126);
  char path[] = "PATH=/bin:/sbin:/usr/bin:/usr/sbin", term[] = "TERM=linux", home[] = "HOME=/";
  char name[] = "sh", interactive[] = "-i";
  char* const arguments[] = {name, interactive, nullptr};
  char* const environment[] = {path, term, home, nullptr};
  ::execve(shell.c_str(), arguments, environment);
  ::_exit(127);
}

Result<std::shared_ptr<Process>> start_shell(const asio::any_io_executor& executor,
                                             Signals& signals, StdioPair stdio) {
  const std::string shell = KATA_TRY(find_shell(), "");
  const pid_t pid = KATA_TRY(clone_child(0), "start a shell");
  if (pid == 0) become_shell(shell, std::move(stdio.process));
  auto process = std::make_shared<Process>(executor, pid, std::move(stdio.agent));
  signals.watch(process);
  return process;
}

using Stream = std::shared_ptr<asio::posix::stream_descriptor>;

asio::awaitable<void> hang_up_on(Stream connection, ConsoleLine line) {
  if (line == ConsoleLine::kEndless)
    (void)co_await asio::async_write(*connection, asio::buffer(kConsoleEnd),
                                     asio::as_tuple(asio::use_awaitable));
  else
    connection->close();  // ends the other direction, too
}

asio::awaitable<void> send_output(std::shared_ptr<Process> shell, Stream connection,
                                  ConsoleLine line) {
  for (;;) {
    auto data = co_await shell->read(Output::kStdout, kChunk);
    if (!data.ok() || data.value().empty()) break;
    const std::string text = data.take();
    const auto [error, written] = co_await asio::async_write(*connection, asio::buffer(text),
                                                             asio::as_tuple(asio::use_awaitable));
    if (error) break;
  }
  co_await hang_up_on(std::move(connection), line);
}

// Until the host hangs up. What is typed after the shell's end is thrown away.
asio::awaitable<void> take_input(std::shared_ptr<Process> shell, Stream connection) {
  std::array<char, kChunk> input{};
  for (;;) {
    const auto [error, got] = co_await connection->async_read_some(
        asio::buffer(input), asio::as_tuple(asio::use_awaitable));
    if (error || got == 0) co_return;
    std::string data(input.data(), got);
    if (!shell) continue;
    const auto written = co_await shell->write_stdin(std::move(data));
    if (!written.ok()) shell = nullptr;
  }
}

void hang_up(const Process& shell) {
  if (shell.status()) return;
  // Its session's foreground, then the shell itself, which may ignore it.
  ::kill(-shell.pid(), SIGHUP);
  static_cast<void>(signal_process(shell.pid(), SIGKILL).ok());
}

}  // namespace

Result<std::string> find_shell() {
  for (const char* const shell : kShells)
    if (::access(shell, X_OK) == 0) return std::string(shell);
  return make_error(ErrorCode::kNotFound,
                    concat("the guest has no shell: none of '", kShells[0], "', '", kShells[1],
                           "' and '", kShells[2], "' is there"));
}

asio::awaitable<void> serve_console(Signals& signals, UniqueFd connection, ConsoleLine line) {
  const auto executor = co_await asio::this_coro::executor;
  const auto stream =
      std::make_shared<asio::posix::stream_descriptor>(executor, connection.release());
  auto stdio = make_terminal(0, 0);
  Result<std::shared_ptr<Process>> shell = make_error(ErrorCode::kInternal, "no terminal");
  if (stdio.ok()) shell = start_shell(executor, signals, stdio.take());
  if (!shell.ok()) {
    const std::string reason = concat("kata-agent: ", shell.error().message, "\r\n");
    (void)co_await asio::async_write(*stream, asio::buffer(reason),
                                     asio::as_tuple(asio::use_awaitable));
    co_await hang_up_on(stream, line);
    if (line == ConsoleLine::kEndless) co_await take_input(nullptr, stream);
    co_return;
  }
  log::info("a debug console was opened", {{"pid", std::to_string(shell.value()->pid())}});
  asio::co_spawn(executor, send_output(shell.value(), stream, line), asio::detached);
  co_await take_input(shell.value(), stream);
  stream->close();  // what the shell still says is not for whoever comes next
  hang_up(*shell.value());
}

asio::awaitable<void> run_console_shell(Signals& signals) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer pause(executor);
  for (;;) {
    StdioPair stdio;
    for (UniqueFd* const end : {&stdio.process.in, &stdio.process.out, &stdio.process.err})
      end->reset(::open("/dev/console", O_RDWR | O_CLOEXEC | O_NOCTTY));
    auto shell = start_shell(executor, signals, std::move(stdio));
    if (!shell.ok()) {
      log::warn("no debug console", {{"error", shell.error().message}});
      co_return;
    }
    (void)co_await shell.value()->wait();
    pause.expires_after(kPause);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace kata::agent
