// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/server.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <functional>
#include <map>
#include <unordered_set>
#include <vector>

#include "kata/concat.h"
#include "protocol/ttrpc/connection.h"
#include "protocol/ttrpc/message.h"

namespace kata::ttrpc {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kCallOverhead = 1024;              // bytes a call costs beyond its payload
constexpr std::size_t kLongReply = 4096;                 // from here on not copied once more
constexpr std::size_t kUnreadReplies = 256U << 10;       // bytes before a paced handler waits
constexpr std::chrono::hours kLongestTimeout{24 * 365};  // beyond it, none: the clock would wrap

Error failure_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted)
      return make_error(ErrorCode::kCancelled, "cancelled");
    return make_error(ErrorCode::kInternal, error.what());
  } catch (const std::exception& error) {
    return make_error(ErrorCode::kInternal, error.what());
  } catch (...) {
    return make_error(ErrorCode::kInternal, "the handler failed");
  }
}

}  // namespace

struct Server::Impl {
  std::map<std::string, std::map<std::string, PacedHandler>> services;
  Fallback fallback;
  OnCall on_call;
};

namespace {

// Starts the handler. A handler may throw before its first suspension, so it is called where the
// exception becomes the call's reply.
using Job = std::function<asio::awaitable<Result<std::string>>()>;

asio::awaitable<Result<void>> room_on(std::shared_ptr<Connection> connection) {
  constexpr std::size_t kRest = kMaxInFlight - kUnreadReplies;
  Result<void> room = co_await connection->outgoing().acquire(kRest);
  if (room.ok()) connection->outgoing().release(kRest);
  co_return room;
}

// A call in its handler. Outlives the session when the handler ends late.
struct Running {
  Running(const asio::any_io_executor& executor, std::uint32_t id, std::size_t size)
      : stream_id(id), charge(size), deadline(executor) {}
  std::uint32_t stream_id;
  std::size_t charge;  // bytes of the session's budget
  asio::cancellation_signal cancel;
  asio::steady_timer deadline;
  Result<std::string> reply = make_error(ErrorCode::kInternal, "the handler failed");
  bool answered = false;
};

// One connection being served.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Services = std::map<std::string, std::map<std::string, PacedHandler>>;

  Session(asio::any_io_executor executor, std::shared_ptr<const void> owner,
          const Services& services, const Fallback& fallback, const OnCall& on_call,
          UniqueFd stream, ServeOptions options)
      : executor_(std::move(executor)),
        owner_(std::move(owner)),
        services_(services),
        fallback_(fallback),
        on_call_(on_call),
        connection_(std::make_shared<Connection>(executor_, std::move(stream),
                                                 MessageType::kRequest, options.resynchronise)),
        in_handlers_(executor_, kMaxInFlight) {}

  static asio::awaitable<Error> run(std::shared_ptr<Session> self);
  void end(const Error& reason);

 private:
  bool acceptable(const Frame& frame);
  void dispatch(const Frame& frame, std::size_t charge);
  Job find(Call& call, Error& refusal) const;
  void start(std::shared_ptr<Running> call, Job job, std::chrono::nanoseconds timeout);
  static asio::awaitable<void> run_handler(std::shared_ptr<Session> self,
                                           std::shared_ptr<Running> call, Job job);
  void limit(const std::shared_ptr<Running>& call, std::chrono::nanoseconds timeout);
  void finish(const std::shared_ptr<Running>& call, const std::exception_ptr& failure);
  void answer(std::uint32_t stream_id, Result<std::string> reply);

  asio::any_io_executor executor_;
  std::shared_ptr<const void> owner_;  // of the three below
  const Services& services_;
  const Fallback& fallback_;
  const OnCall& on_call_;
  std::shared_ptr<Connection> connection_;
  ByteBudget in_handlers_;
  std::unordered_set<std::shared_ptr<Running>> running_;
};

asio::awaitable<Error> Session::run(std::shared_ptr<Session> self) {
  self->connection_->start();
  for (;;) {
    Result<Frame> frame = co_await self->connection_->receive();
    if (!frame.ok()) co_return std::move(frame).error();
    if (!self->acceptable(frame.value())) continue;
    // A peer that does not read its replies gets no further call handled.
    Result<void> drained = co_await self->connection_->outgoing().acquire(0);
    if (!drained.ok()) co_return std::move(drained).error();
    const std::size_t charge = frame.value().payload.size() + kCallOverhead;
    Result<void> room = co_await self->in_handlers_.acquire(charge);
    if (!room.ok()) co_return std::move(room).error();
    self->dispatch(frame.value(), charge);
  }
}

void Session::end(const Error& reason) {
  connection_->close(reason);
  in_handlers_.close(reason);
  const std::vector<std::shared_ptr<Running>> calls(running_.begin(), running_.end());
  for (const auto& call : calls) {
    call->deadline.cancel();
    call->cancel.emit(asio::cancellation_type::terminal);
  }
}

// Answers what is refused for its header alone.
bool Session::acceptable(const Frame& frame) {
  const FrameHeader& header = frame.header;
  const auto refuse = [&](std::string reason) {
    answer(header.stream_id, make_error(ErrorCode::kInvalidArgument, std::move(reason)));
    return false;
  };
  if (header.type == static_cast<std::uint8_t>(MessageType::kData))
    return refuse("Stream is no longer active");
  if (header.type != static_cast<std::uint8_t>(MessageType::kRequest)) return false;
  if (frame.over_long)
    return refuse(
        concat("message length ", header.length, " exceeds the maximum of ", kMaxPayload));
  if (header.stream_id % 2 == 0) return refuse("stream id must be odd");
  return true;
}

void Session::dispatch(const Frame& frame, std::size_t charge) {
  Result<Call> call = decode_call(frame.payload);
  Error refusal;
  if (!call.ok()) refusal = call.error();
  Job job;
  if (call.ok() && on_call_) on_call_(call.value().service);
  if (call.ok()) job = find(call.value(), refusal);
  if (!job) {
    in_handlers_.release(charge);
    return answer(frame.header.stream_id, refusal);
  }
  start(std::make_shared<Running>(executor_, frame.header.stream_id, charge), std::move(job),
        call.value().timeout);
}

Job Session::find(Call& call, Error& refusal) const {
  const auto service = services_.find(call.service);
  if (service == services_.end()) {
    if (fallback_)
      return [this, call = std::move(call)]() mutable {
        return fallback_(std::move(call.service), std::move(call.method), std::move(call.payload),
                         call.timeout);
      };
    refusal = make_error(ErrorCode::kInvalidArgument, call.service + " service does not exist");
    return {};
  }
  const auto method = service->second.find(call.method);
  if (method != service->second.end())
    return [handler = &method->second, payload = std::move(call.payload),
            connection = connection_]() mutable {
      return (*handler)(std::move(payload), [connection] { return room_on(connection); });
    };
  refusal = make_error(ErrorCode::kUnsupported,
                       concat('/', call.service, '/', call.method, " is not supported"));
  return {};
}

// Answers before it ends: a coroutine that never waited is told to have ended only a turn of the
// loop later.
asio::awaitable<void> Session::run_handler(std::shared_ptr<Session> self,
                                           std::shared_ptr<Running> call, Job job) {
  asio::awaitable<Result<std::string>> handler = job();
  call->reply = co_await std::move(handler);
  self->finish(call, nullptr);
}

void Session::start(std::shared_ptr<Running> call, Job job, std::chrono::nanoseconds timeout) {
  running_.insert(call);
  if (timeout.count() > 0 && timeout <= kLongestTimeout) limit(call, timeout);
  asio::co_spawn(
      executor_, run_handler(shared_from_this(), call, std::move(job)),
      asio::bind_cancellation_slot(call->cancel.slot(), [self = shared_from_this(),
                                                         call](const std::exception_ptr& failure) {
        if (failure) self->finish(call, failure);
      }));
}

void Session::limit(const std::shared_ptr<Running>& call, std::chrono::nanoseconds timeout) {
  call->deadline.expires_after(timeout);
  call->deadline.async_wait(
      [self = shared_from_this(), call](const boost::system::error_code& error) {
        if (error || call->answered) return;
        call->answered = true;
        self->answer(call->stream_id, make_error(ErrorCode::kTimeout, "timeout"));
        call->cancel.emit(asio::cancellation_type::terminal);
      });
}

void Session::finish(const std::shared_ptr<Running>& call, const std::exception_ptr& failure) {
  if (running_.erase(call) != 0) {
    in_handlers_.release(call->charge);
    call->deadline.cancel();
  }
  if (call->answered) return;
  if (failure) call->reply = failure_of(failure);
  answer(call->stream_id, std::move(call->reply));
  call->answered = true;
}

void Session::answer(std::uint32_t stream_id, Result<std::string> reply) {
  if (connection_->closed()) return;
  const bool is_long = reply.ok() && reply.value().size() >= kLongReply;
  std::string frame = is_long ? begin_reply(stream_id, reply.value().size()) : std::string();
  std::string rest;
  if (frame.empty())
    frame = encode_reply(stream_id, reply);
  else
    rest = reply.take();
  connection_->outgoing().add(frame.size() + rest.size());
  connection_->send(std::move(frame), std::move(rest));
}

asio::awaitable<Error> serve_stream(std::shared_ptr<const void> owner,
                                    const Session::Services& services, const Fallback& fallback,
                                    const OnCall& on_call, UniqueFd stream, ServeOptions options) {
  const auto executor = co_await asio::this_coro::executor;
  const auto session = std::make_shared<Session>(executor, std::move(owner), services, fallback,
                                                 on_call, std::move(stream), options);
  Error reason = make_error(ErrorCode::kCancelled, "cancelled");
  try {
    reason = co_await Session::run(session);
  } catch (const std::exception& error) {
    const auto* system = dynamic_cast<const boost::system::system_error*>(&error);
    if (system == nullptr) reason = make_error(ErrorCode::kInternal, error.what());
  }
  session->end(reason);
  co_return reason;
}

}  // namespace

Server::Server() : impl_(std::make_shared<Impl>()) {}

Server::~Server() = default;

void Server::handle(std::string service, std::string method, Handler handler) {
  handle_paced(std::move(service), std::move(method),
               [handler = std::move(handler)](std::string payload, const Room&) {
                 return handler(std::move(payload));
               });
}

void Server::handle_paced(std::string service, std::string method, PacedHandler handler) {
  impl_->services[std::move(service)][std::move(method)] = std::move(handler);
}

void Server::set_fallback(Fallback fallback) { impl_->fallback = std::move(fallback); }

void Server::set_on_call(OnCall on_call) { impl_->on_call = std::move(on_call); }

asio::awaitable<Error> Server::serve(UniqueFd stream, ServeOptions options) {
  return serve_stream(impl_, impl_->services, impl_->fallback, impl_->on_call, std::move(stream),
                      options);
}

}  // namespace kata::ttrpc
