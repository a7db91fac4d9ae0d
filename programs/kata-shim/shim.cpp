// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-shim/shim.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

#include "agent.pb.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "programs/kata-shim/rootfs_view.h"
#include "programs/kata-shim/terminal.h"
#include "protocol/ttrpc/client.h"

namespace kata::shim {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kStdinBlock = 32768;          // bytes a WriteStdin
constexpr std::uint32_t kStdoutBlock = 256 * 1024;  // bytes a ReadStdout or ReadStderr
constexpr std::chrono::seconds kCallTimeout{10};
constexpr const char* kService = "grpc.AgentService";

// What a caller may send to its workload. The rest is either not catchable, ours (CHLD, PIPE), or
// about our own faults.
constexpr int kForwarded[] = {SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGUSR1,   SIGUSR2, SIGALRM,
                              SIGCONT, SIGURG, SIGIO,   SIGPWR,  SIGVTALRM, SIGPROF};

// Blocking reads and writes run on threads of the pool; the loop goes on meanwhile.
template <class Work>
asio::awaitable<std::invoke_result_t<Work>> off_loop(asio::thread_pool& pool, Work work) {
  const auto loop = co_await asio::this_coro::executor;
  co_await asio::post(pool, asio::bind_executor(pool, asio::use_awaitable));
  auto outcome = work();
  co_await asio::post(loop, asio::use_awaitable);
  co_return outcome;
}

std::string read_stdin() {
  std::string block(kStdinBlock, '\0');
  ssize_t got;
  do got = ::read(STDIN_FILENO, block.data(), block.size());
  while (got < 0 && errno == EINTR);
  block.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return block;
}

// False when nobody reads any more.
bool write_all(int fd, const std::string& data) {
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t written = ::write(fd, data.data() + done, data.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

class Shim {
 public:
  Shim(asio::io_context& loop, UniqueFd proxy, const Options& options)
      : options_(options),
        client_(loop.get_executor(), std::move(proxy)),
        signals_(loop),
        streams_done_(loop, Deadline::max()) {}

  asio::awaitable<int> run() {
    const auto loop = co_await asio::this_coro::executor;
    for (const int signal : kForwarded) signals_.add(signal);
    if (options_.terminal) signals_.add(SIGWINCH);
    asio::co_spawn(loop, forward_signals(), asio::detached);
    asio::co_spawn(loop, carry_stdin(), asio::detached);
    carry(loop, "ReadStdout", STDOUT_FILENO);
    if (!options_.terminal) carry(loop, "ReadStderr", STDERR_FILENO);
    if (options_.terminal) co_await resize();
    grpc::WaitProcessRequest request;
    name(request);
    const auto exit =
        co_await ttrpc::call<grpc::WaitProcessResponse>(client_, kService, "WaitProcess", request);
    if (!exit.ok()) co_return gone(exit.error());
    while (open_streams_ > 0) co_await wait_for_streams();
    co_return static_cast<int>(static_cast<std::uint32_t>(exit.value().status()) & 0xff);
  }

 private:
  template <class Request>
  void name(Request& request) const {
    request.set_container_id(options_.container);
    request.set_exec_id(options_.exec_id);
  }

  template <class Request>
  asio::awaitable<Result<std::string>> call(const char* method, const Request& request,
                                            std::chrono::nanoseconds timeout = kCallTimeout) {
    return client_.call(kService, method, request.SerializeAsString(), {timeout});
  }

  // Stdin to the workload until it ends; then the workload's stdin is closed.
  asio::awaitable<void> carry_stdin() {
    for (;;) {
      std::string block = co_await off_loop(stdin_pool_, read_stdin);
      const bool ended = block.empty();
      grpc::WriteStreamRequest request;
      name(request);
      request.set_data(std::move(block));
      const auto written = co_await call("WriteStdin", request, std::chrono::nanoseconds{0});
      if (ended || !written.ok()) co_return;  // a workload that closed its stdin reads no more
    }
  }

  void carry(const asio::any_io_executor& loop, const char* method, int fd) {
    ++open_streams_;
    asio::co_spawn(loop, carry_output(method, fd), [this](const std::exception_ptr&) {
      --open_streams_;
      streams_done_.cancel();
    });
  }

  // Output to our descriptor until its end. A closed descriptor does not stop the workload.
  asio::awaitable<void> carry_output(const char* method, int fd) {
    bool wanted = true;
    for (;;) {
      grpc::ReadStreamRequest request;
      name(request);
      request.set_len(kStdoutBlock);
      const auto reply =
          co_await ttrpc::call<grpc::ReadStreamResponse>(client_, kService, method, request);
      if (!reply.ok() || reply.value().data().empty()) co_return;
      const std::string& data = reply.value().data();
      if (data.size() > kStdoutBlock) co_return;  // more than asked for: not to be trusted
      if (!wanted) continue;
      auto write = [fd, &data] { return write_all(fd, data); };
      wanted = co_await off_loop(fd == STDOUT_FILENO ? stdout_pool_ : stderr_pool_, write);
    }
  }

  asio::awaitable<void> wait_for_streams() {
    boost::system::error_code ignored;
    co_await streams_done_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  asio::awaitable<void> forward_signals() {
    for (;;) {
      const int signal = co_await signals_.async_wait(asio::use_awaitable);
      if (signal == SIGWINCH) {
        co_await resize();
        continue;
      }
      grpc::SignalProcessRequest request;
      name(request);
      request.set_signal(static_cast<std::uint32_t>(signal));
      static_cast<void>(co_await call("SignalProcess", request));
    }
  }

  asio::awaitable<void> resize() {
    const auto size = terminal_size();
    if (!size) co_return;
    grpc::TtyWinResizeRequest request;
    name(request);
    request.set_row(size->rows);
    request.set_column(size->columns);
    static_cast<void>(co_await call("TtyWinResize", request));
  }

  int gone(const Error& why) const {
    const std::string line = concat("kata-shim: the sandbox of container '", options_.container,
                                    "' is gone: ", why.message, options_.terminal ? "\r\n" : "\n");
    write_all(STDERR_FILENO, line);
    return kSandboxGone;
  }

  const Options& options_;
  ttrpc::Client client_;
  asio::signal_set signals_;
  asio::steady_timer streams_done_;
  int open_streams_ = 0;
  asio::thread_pool stdin_pool_{1}, stdout_pool_{1}, stderr_pool_{1};
};

Result<UniqueFd> connect(const std::string& address) {
  constexpr std::string_view kScheme = "unix://";
  if (address.rfind(kScheme, 0) != 0)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("--agent '", address, "' is not of the form unix://PATH"));
  return connect_unix(address.substr(kScheme.size()));
}

Result<void> enter_view_of(int fd) {
  if (fd < 0) return {};
  const UniqueFd file(fd);
  return enter_view(KATA_TRY(read_view(fd), ""));
}

int fail(const Error& error) {
  write_all(STDERR_FILENO, concat("kata-shim: ", error.message, "\n"));
  return kSandboxGone;
}

}  // namespace

int run(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  auto proxy = connect(options.agent);
  if (!proxy.ok()) return fail(proxy.error());
  if (const auto entered = enter_view_of(options.view_fd); !entered.ok())
    return fail(in_context(entered.error(), "enter the container's rootfs"));
  asio::io_context loop(1);
  std::optional<RawTerminal> raw;
  if (options.terminal) raw.emplace();
  // Not destroyed at the end: its threads may still block in read(2) on stdin.
  auto* const shim = new Shim(loop, proxy.take(), options);
  int code = kSandboxGone;
  asio::co_spawn(loop, shim->run(), [&](const std::exception_ptr& thrown, int exit_code) {
    if (!thrown) code = exit_code;
    loop.stop();
  });
  loop.run();
  return code;
}

}  // namespace kata::shim
