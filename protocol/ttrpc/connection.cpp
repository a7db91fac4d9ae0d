// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/connection.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <exception>

#include "protocol/ttrpc/poll.h"

namespace kata::ttrpc {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

namespace {

constexpr std::size_t kReadSize = 64U << 10;
constexpr std::size_t kFramesPerWrite = 16;
// A sender pauses in mid-frame only while the machine is slower than this.
constexpr std::chrono::seconds kStall{10};

bool is_socket(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

Error lost(const char* action, int number) {
  Error error = errno_error(action, number);
  error.code = ErrorCode::kUnavailable;
  return error;
}

}  // namespace

Connection::Connection(asio::any_io_executor executor, UniqueFd stream, MessageType incoming,
                       bool resynchronise)
    : resynchronise_(resynchronise),
      is_socket_(is_socket(stream.get())),
      scanner_(incoming, resynchronise),
      stream_(executor),
      queued_(executor, asio::steady_timer::time_point::max()),
      readable_(executor, asio::steady_timer::time_point::max()),
      outgoing_(executor, kMaxInFlight) {
  boost::system::error_code error;
  if (make_nonblocking(stream.get()))
    stream_.assign(stream.get(), error);
  else
    error.assign(errno, boost::system::system_category());
  if (error)
    close(lost("watch the stream", error.value()));
  else
    stream.release();
}

void Connection::start() {
  const auto ended = [self = shared_from_this()](const std::exception_ptr& failure) {
    if (failure) self->close(make_error(ErrorCode::kInternal, "write: out of memory"));
  };
  asio::co_spawn(stream_.get_executor(), write_queue(shared_from_this()), ended);
}

void Connection::send(std::string frame, std::string rest) {
  if (closed_) return;
  const bool alone = queue_.empty() && !scanner_.in_frame();
  queue_.push_back(std::move(frame));
  if (!rest.empty()) queue_.push_back(std::move(rest));
  if (alone) write_now();
  if (!queue_.empty()) queued_.cancel();
}

void Connection::write_now() {
  const int number = write_some();
  if (number != 0 && number != EAGAIN) close(lost("write", number));
}

asio::awaitable<void> Connection::write_queue(std::shared_ptr<Connection> self) {
  boost::system::error_code ignored;  // whatever woke us: look at the state
  while (!self->closed_) {
    if (self->queue_.empty()) {
      co_await self->queued_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    const int number = self->write_some();
    if (number == EAGAIN)
      co_await self->stream_.async_wait(stream_descriptor::wait_write,
                                        asio::redirect_error(asio::use_awaitable, ignored));
    else if (number != 0)
      self->close(lost("write", number));
  }
}

// The errno, 0 when bytes went out. A socket must not raise SIGPIPE; a character device cannot.
int Connection::write_some() {
  std::array<iovec, kFramesPerWrite> parts{};
  std::size_t count = 0;
  for (; count < std::min(queue_.size(), parts.size()); ++count)
    parts[count] = iovec{queue_[count].data(), queue_[count].size()};
  parts[0].iov_base = queue_[0].data() + front_written_;
  parts[0].iov_len -= front_written_;
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  const int fd = stream_.native_handle();
  const ssize_t size = is_socket_ ? ::sendmsg(fd, &message, MSG_NOSIGNAL)
                                  : ::writev(fd, parts.data(), static_cast<int>(count));
  if (size < 0) return errno == EINTR ? 0 : errno;
  written(static_cast<std::size_t>(size));
  return 0;
}

void Connection::written(std::size_t bytes) {
  while (!queue_.empty()) {
    const std::size_t left = queue_.front().size() - front_written_;
    if (bytes < left) break;
    bytes -= left;
    front_written_ = 0;
    const std::size_t freed = queue_.front().size();
    queue_.pop_front();
    outgoing_.release(freed);
  }
  front_written_ += bytes;
}

asio::awaitable<Result<Frame>> Connection::receive() {
  for (;;) {
    if (closed_) co_return *closed_;
    std::optional<Frame> frame = scanner_.next();
    if (frame) co_return std::move(*frame);
    Result<void> readable = co_await wait_readable();
    if (!readable.ok()) co_return std::move(readable).error();
    if (!waits_readable_) read_some();
  }
}

// Waits each time before reading, so that a peer that never stops sending does not keep others from
// running.
asio::awaitable<Result<void>> Connection::wait_readable() {
  if (resynchronise_) return wait_readable_or_stall();
  return wait_readable_only();
}

asio::awaitable<Result<void>> Connection::wait_readable_only() {
  boost::system::error_code error;
  co_await stream_.async_wait(stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, error));
  if (closed_) co_return *closed_;
  if (error) co_return make_error(ErrorCode::kCancelled, "cancelled");
  co_return Result<void>();
}

// Not an awaited wait on the stream: that one could not be given up at a stall while the writer
// waits on the same stream.
asio::awaitable<Result<void>> Connection::wait_readable_or_stall() {
  if (!waits_readable_) {
    waits_readable_ = true;
    stream_.async_wait(stream_descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code&) {
                         self->waits_readable_ = false;
                         self->readable_.cancel();
                       });
  }
  readable_.expires_at(scanner_.in_frame() ? std::chrono::steady_clock::now() + kStall
                                           : asio::steady_timer::time_point::max());
  boost::system::error_code error;
  co_await readable_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (closed_) co_return *closed_;
  if (!waits_readable_) co_return Result<void>();
  if (error) co_return make_error(ErrorCode::kCancelled, "cancelled");
  scanner_.reject_header();
  co_return Result<void>();
}

void Connection::read_some() {
  char buffer[kReadSize];
  const ssize_t got = ::read(stream_.native_handle(), buffer, sizeof buffer);
  if (got > 0)
    scanner_.feed(std::string_view(buffer, static_cast<std::size_t>(got)));
  else if (got == 0)
    close(make_error(ErrorCode::kUnavailable, "the peer closed the connection"));
  else if (errno != EAGAIN && errno != EINTR)
    close(lost("read", errno));
}

void Connection::close(Error reason) {
  if (closed_) return;
  closed_ = std::move(reason);
  boost::system::error_code ignored;
  stream_.close(ignored);
  queue_.clear();
  outgoing_.close(*closed_);
  queued_.cancel();
  readable_.cancel();
}

}  // namespace kata::ttrpc
