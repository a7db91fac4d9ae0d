// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/client.h"

#include <sys/random.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <unordered_map>

#include "kata/concat.h"
#include "protocol/ttrpc/connection.h"
#include "protocol/ttrpc/message.h"

namespace kata::ttrpc {

namespace asio = boost::asio;

namespace {

constexpr std::uint32_t kLastStreamId = 0xffffffff;
constexpr std::chrono::hours kLongestTimeout{24 * 365};  // beyond it, none: the clock would wrap

// On a stream that may hold replies to an earlier client our ids must not be that client's.
std::uint32_t first_stream_id(bool resynchronise) {
  std::uint32_t random = 0;
  if (resynchronise && ::getrandom(&random, sizeof random, 0) != sizeof random) random = 0;
  return (random & 0x3fffffffU) | 1U;
}

Deadline deadline_after(std::chrono::nanoseconds timeout) {
  if (timeout.count() <= 0 || timeout > kLongestTimeout) return Deadline::max();
  return std::chrono::steady_clock::now() + timeout;
}

}  // namespace

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  struct Pending {
    explicit Pending(const asio::any_io_executor& executor, Deadline deadline)
        : wake(executor, deadline) {}
    asio::steady_timer wake;
    std::optional<Result<std::string>> reply;
  };

  // Holds a call's place in pending; a late reply finds none.
  struct Registration {
    Registration(Impl& impl, std::uint32_t id, Pending& call) : owner(impl), stream_id(id) {
      owner.pending.emplace(id, &call);
    }
    ~Registration() { owner.pending.erase(stream_id); }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    Impl& owner;
    std::uint32_t stream_id;
  };

  Impl(asio::any_io_executor context, UniqueFd stream, ClientOptions options)
      : executor(std::move(context)),
        connection(std::make_shared<Connection>(executor, std::move(stream), MessageType::kResponse,
                                                options.resynchronise)),
        ended(executor, Deadline::max()),
        first_id(first_stream_id(options.resynchronise)),
        next_id(first_id) {}

  void start();
  static asio::awaitable<void> read_replies(std::shared_ptr<Impl> self);
  void deliver(Frame frame);
  void fail_all(const Error& reason);
  Result<std::uint32_t> send(std::string call);
  static asio::awaitable<Result<std::string>> call(std::shared_ptr<Impl> self, std::string name,
                                                   Result<std::string> frame, Deadline deadline);
  static asio::awaitable<Error> wait_closed(std::shared_ptr<Impl> self);

  asio::any_io_executor executor;
  std::shared_ptr<Connection> connection;
  asio::steady_timer ended;  // cancelled when the connection is gone
  std::uint32_t first_id;
  std::uint32_t next_id;
  std::unordered_map<std::uint32_t, Pending*> pending;  // each lives in its coroutine
};

void Client::Impl::start() {
  connection->start();
  const auto end = [self = shared_from_this()](const std::exception_ptr& failure) {
    if (failure) self->connection->close(make_error(ErrorCode::kInternal, "read: out of memory"));
    self->fail_all(*self->connection->closed());
  };
  asio::co_spawn(executor, read_replies(shared_from_this()), end);
}

asio::awaitable<void> Client::Impl::read_replies(std::shared_ptr<Impl> self) {
  for (;;) {
    Result<Frame> frame = co_await self->connection->receive();
    if (!frame.ok()) co_return self->connection->close(frame.error());
    self->deliver(frame.take());
  }
}

void Client::Impl::deliver(Frame frame) {
  if (frame.header.type != static_cast<std::uint8_t>(MessageType::kResponse)) return;
  const auto found = pending.find(frame.header.stream_id);
  if (found == pending.end() || found->second->reply) return;
  if (frame.over_long)
    found->second->reply = make_error(ErrorCode::kResourceExhausted,
                                      concat("the reply has ", frame.header.length,
                                             " bytes; ttRPC allows at most ", kMaxPayload));
  else
    found->second->reply = decode_reply(frame.payload);
  found->second->wake.cancel();
}

void Client::Impl::fail_all(const Error& reason) {
  for (const auto& [stream_id, call] : pending) {
    if (!call->reply) call->reply = reason;
    call->wake.cancel();
  }
  ended.cancel();
}

// Ids rise in the order of the frames on the wire.
Result<std::uint32_t> Client::Impl::send(std::string call) {
  if (connection->closed()) return *connection->closed();
  if (next_id == kLastStreamId)
    return make_error(ErrorCode::kResourceExhausted, "all stream ids are used up: reconnect");
  const std::uint32_t stream_id = next_id;
  next_id += 2;
  stamp_stream_id(call, stream_id);
  connection->scanner().expect_ids(first_id, stream_id);
  connection->send(std::move(call));
  return stream_id;
}

asio::awaitable<Result<std::string>> Client::Impl::call(std::shared_ptr<Impl> self,
                                                        std::string name, Result<std::string> frame,
                                                        Deadline deadline) {
  if (!frame.ok()) co_return std::move(frame).error();
  Result<void> room = co_await self->connection->outgoing().acquire(frame.value().size(), deadline);
  if (!room.ok()) co_return in_context(std::move(room).error(), name);
  Result<std::uint32_t> stream_id = self->send(frame.take());
  if (!stream_id.ok()) co_return in_context(std::move(stream_id).error(), name);
  Pending pending(self->executor, deadline);
  const Registration registration(*self, stream_id.value(), pending);
  boost::system::error_code error;
  co_await pending.wake.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (pending.reply && pending.reply->ok()) co_return std::move(*pending.reply);
  if (pending.reply) co_return in_context(std::move(*pending.reply).error(), name);
  if (!error) co_return make_error(ErrorCode::kTimeout, name + ": no reply in time");
  co_return make_error(ErrorCode::kCancelled, name + ": cancelled");
}

asio::awaitable<Error> Client::Impl::wait_closed(std::shared_ptr<Impl> self) {
  boost::system::error_code error;
  if (!self->connection->closed())
    co_await self->ended.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (self->connection->closed()) co_return *self->connection->closed();
  co_return make_error(ErrorCode::kCancelled, "cancelled");
}

Client::Client(asio::any_io_executor executor, UniqueFd stream, ClientOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(stream), options)) {
  impl_->start();
}

Client::~Client() { close(); }

Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  if (this == &other) return *this;
  close();
  impl_ = std::move(other.impl_);
  return *this;
}

asio::awaitable<Result<std::string>> Client::call(std::string_view service, std::string_view method,
                                                  std::string payload, CallOptions options) {
  return Impl::call(impl_, concat("call ", method),
                    encode_call(service, method, payload, options.timeout),
                    deadline_after(options.timeout));
}

asio::awaitable<Error> Client::closed() { return Impl::wait_closed(impl_); }

void Client::close() {
  if (impl_) impl_->connection->close(make_error(ErrorCode::kCancelled, "closed by this side"));
}

}  // namespace kata::ttrpc
