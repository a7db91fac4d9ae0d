// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/blocking_client.h"

#include <sys/socket.h>

#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "protocol/ttrpc/message.h"
#include "protocol/ttrpc/poll.h"

namespace kata::ttrpc {

namespace {

constexpr std::size_t kReadSize = 16U << 10;

bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK; }

Error lost(int number) {
  if (number == 0) return make_error(ErrorCode::kUnavailable, "the peer closed the connection");
  Error error = errno_error("connection", number);
  error.code = ErrorCode::kUnavailable;
  return error;
}

// What the server is told. At the last nanosecond a call still says that it is limited.
std::chrono::nanoseconds time_left(Deadline deadline) {
  if (deadline == Deadline::max()) return std::chrono::nanoseconds(0);
  return std::max<std::chrono::nanoseconds>(deadline - std::chrono::steady_clock::now(),
                                            std::chrono::nanoseconds(1));
}

}  // namespace

Result<BlockingClient> BlockingClient::connect(const std::filesystem::path& socket) {
  return BlockingClient(KATA_TRY(connect_unix(socket), ""));
}

BlockingClient::BlockingClient(UniqueFd stream) : stream_(std::move(stream)) {
  if (!make_nonblocking(stream_.get())) stream_.reset();
}

Result<std::string> BlockingClient::call(std::string_view service, std::string_view method,
                                         std::string_view payload, Deadline deadline) {
  std::string call = KATA_TRY(encode_call(service, method, payload, time_left(deadline)), "");
  const std::uint32_t stream_id = next_stream_id_;
  next_stream_id_ += 2;
  stamp_stream_id(call, stream_id);
  KATA_TRY(send(call, deadline), concat("call ", method));
  for (;;) {  // replies to earlier calls that timed out may come first
    const Frame frame = KATA_TRY(receive(deadline), concat("call ", method));
    if (frame.header.type != static_cast<std::uint8_t>(MessageType::kResponse) ||
        frame.header.stream_id != stream_id)
      continue;
    if (frame.over_long)
      return make_error(ErrorCode::kResourceExhausted,
                        concat("call ", method, ": the reply has ", frame.header.length,
                               " bytes; ttRPC allows at most ", kMaxPayload));
    return decode_reply(frame.payload);
  }
}

Result<void> BlockingClient::send(std::string_view bytes, Deadline deadline) {
  if (!stream_) return make_error(ErrorCode::kUnavailable, "not connected");
  while (!bytes.empty()) {
    const ssize_t sent = ::send(stream_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    Result<void> ready =
        would_block() ? poll_until(stream_.get(), POLLOUT, deadline) : Result<void>(lost(errno));
    if (!ready.ok()) {
      stream_.reset();
      return ready;
    }
  }
  return {};
}

Result<Frame> BlockingClient::receive(Deadline deadline) {
  char buffer[kReadSize];
  for (;;) {
    if (auto frame = scanner_.next()) return std::move(*frame);
    const ssize_t got = ::read(stream_.get(), buffer, sizeof buffer);
    if (got > 0) {
      scanner_.feed(std::string_view(buffer, static_cast<std::size_t>(got)));
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || !would_block()) {
      const int number = got == 0 ? 0 : errno;
      stream_.reset();
      return lost(number);
    }
    KATA_TRY(poll_until(stream_.get(), POLLIN, deadline), "");
  }
}

}  // namespace kata::ttrpc
