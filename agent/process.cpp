// SPDX-License-Identifier: Apache-2.0
#include "agent/process.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <string_view>

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::uint32_t kMaxRead = 1U << 20;
constexpr int kLeastBuffer = 4096;
constexpr std::chrono::milliseconds kGrace{500};
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

Error cancelled() { return make_error(ErrorCode::kCancelled, "the call was cancelled"); }

bool is_cancelled(const asio::cancellation_state& state) {
  return state.cancelled() != asio::cancellation_type::none;
}

// As much as the stream holds now: a larger buffer would not be filled.
std::size_t buffer_size(int fd, std::uint32_t length) {
  int held = 0;
  if (::ioctl(fd, FIONREAD, &held) != 0) held = 0;
  return std::min({length, static_cast<std::uint32_t>(std::max(held, kLeastBuffer)), kMaxRead});
}

// Nothing: try again when the descriptor is ready. EIO is how a terminal says that its last user
// has gone.
Result<std::optional<std::string>> read_now(int fd, std::uint32_t length) {
  std::string data(buffer_size(fd, length), '\0');
  ssize_t got = 0;
  do {
    got = ::read(fd, data.data(), data.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::optional<std::string>();
  if (got < 0 && errno != EIO) return errno_error("read the process's output", errno);
  data.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return std::optional(std::move(data));
}

// How many bytes the stream took; 0: try again when it is ready.
Result<std::size_t> write_now(int fd, std::string_view data) {
  ssize_t put = 0;
  do {
    put = ::write(fd, data.data(), data.size());
  } while (put < 0 && errno == EINTR);
  if (put < 0 && errno == EAGAIN) return std::size_t{0};
  if (put < 0) return errno_error("write the process's stdin", errno);
  return static_cast<std::size_t>(put);
}

}  // namespace

Process::Channel::Channel(const asio::any_io_executor& executor, UniqueFd fd)
    : stream(executor), turnstile(executor) {
  if (fd) stream.assign(fd.release());
}

Process::Process(const asio::any_io_executor& executor, pid_t pid, AgentStdio stdio)
    : pid_(pid),
      terminal_(stdio.terminal),
      exit_event_(executor, asio::steady_timer::time_point::max()),
      grace_(executor),
      in_(executor, std::move(stdio.in)),
      out_(executor, std::move(stdio.out)),
      err_(executor, std::move(stdio.err)) {}

void Process::exited(int status) {
  status_ = status;
  exit_event_.cancel();
  grace_.expires_after(kGrace);
  grace_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->end_of_grace();
  });
}

void Process::end_of_grace() {
  drained_ = true;
  for (Channel* channel : {&in_, &out_, &err_})
    if (channel->stream.is_open()) channel->stream.cancel();
  if (collected_) collect();
}

asio::awaitable<Result<int>> Process::wait() {
  const auto self = shared_from_this();
  while (!status_) {
    co_await exit_event_.async_wait(kAwait);
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled();
  }
  co_return *status_;
}

asio::awaitable<Result<std::string>> Process::read(Output output, std::uint32_t length, Room room) {
  const auto self = shared_from_this();
  Channel& channel = channel_of(output);
  KATA_CO_TRY(const Turnstile::Turn turn, co_await channel.turnstile.enter(), "");
  if (length == 0) co_return std::string();
  if (room) KATA_CO_CHECK(co_await room(), "");
  while (channel.stream.is_open()) {
    KATA_CO_TRY(std::optional<std::string> data, read_now(channel.stream.native_handle(), length),
                "");
    if (data && !data->empty()) co_return *std::move(data);
    if (data || drained_) break;
    co_await channel.stream.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled();
  }
  if (channel.stream.is_open()) channel.stream.close();
  co_return std::string();
}

asio::awaitable<Result<void>> Process::write_stdin(std::string data) {
  const auto self = shared_from_this();
  KATA_CO_TRY(const Turnstile::Turn turn, co_await in_.turnstile.enter(), "");
  std::string_view rest = data;
  while (!rest.empty()) {
    if (!in_.stream.is_open())
      co_return make_error(ErrorCode::kInternal, "cannot get stream writer");
    KATA_CO_TRY(const std::size_t put, write_now(in_.stream.native_handle(), rest), "");
    rest.remove_prefix(put);
    if (put != 0) continue;
    if (drained_) co_return make_error(ErrorCode::kInternal, "the process has exited");
    co_await in_.stream.async_wait(asio::posix::stream_descriptor::wait_write, kAwait);
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled();
  }
  if (data.empty() && in_.stream.is_open()) in_.stream.close();
  co_return Result<void>();
}

asio::awaitable<Result<void>> Process::close_stdin() { return write_stdin({}); }

Result<void> Process::resize(std::uint32_t rows, std::uint32_t columns) {
  if (!terminal_) return make_error(ErrorCode::kUnavailable, "no tty");
  if (!out_.stream.is_open()) return make_error(ErrorCode::kUnavailable, "the terminal is closed");
  return resize_terminal(out_.stream.native_handle(), rows, columns);
}

void Process::collect() {
  collected_ = true;
  if (in_.stream.is_open()) in_.stream.close();
  if (!drained_) return;
  for (Channel* channel : {&out_, &err_}) {
    int left = 0;
    if (!channel->stream.is_open()) continue;
    if (::ioctl(channel->stream.native_handle(), FIONREAD, &left) != 0 || left == 0)
      channel->stream.close();
  }
}

}  // namespace kata::agent
