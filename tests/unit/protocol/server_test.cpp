// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/server.h"

#include <doctest/doctest.h>
#include <boost/asio/redirect_error.hpp>

#include <stdexcept>

#include "health.pb.h"
#include "protocol/ttrpc/client.h"
#include "protocol/ttrpc/message.h"
#include "tests/unit/protocol/loop.h"

namespace kata::ttrpc {

namespace asio = boost::asio;

namespace {

using Reply = asio::awaitable<Result<std::string>>;

asio::awaitable<Result<grpc::HealthCheckResponse>> check(grpc::CheckRequest) {
  grpc::HealthCheckResponse response;
  response.set_status(grpc::HealthCheckResponse::SERVING);
  co_return response;
}

Reply echo(std::string payload) { co_return payload; }

Reply fail(std::string) { throw std::runtime_error("out of luck"); }

// Counts the coroutines that wait, so that a test sees them go.
Reply wait_for_ever(int& waiting, std::string) {
  struct Count {
    explicit Count(int& number) : number_(number) { ++number_; }
    ~Count() { --number_; }
    int& number_;
  } const count(waiting);
  asio::steady_timer timer(co_await asio::this_coro::executor, Deadline::max());
  co_await timer.async_wait(asio::use_awaitable);
  co_return std::string();
}

std::string call_frame(std::uint32_t id, std::string_view method, std::string_view payload = "",
                       std::chrono::nanoseconds timeout = {}) {
  std::string frame = encode_call("test.Service", method, payload, timeout).take();
  stamp_stream_id(frame, id);
  return frame;
}

// A server whose client is the test.
struct Fixture {
  explicit Fixture(ServeOptions options = {}) : Fixture(socket_pair(), options) {}

  Error refusal() {
    const auto frame = peer.receive();
    REQUIRE(frame);
    const auto reply = decode_reply(frame->payload);
    REQUIRE_FALSE(reply.ok());
    return reply.error();
  }

  int waiting = 0;
  int large = 0;
  Loop loop;
  Server server;
  RawPeer peer;
  Outcome<Error> served;

 private:
  Fixture(std::pair<UniqueFd, UniqueFd> pair, ServeOptions options)
      : peer(loop, std::move(pair.second)) {
    handle<grpc::CheckRequest, grpc::HealthCheckResponse>(server, "grpc.Health", "Check", check);
    server.handle("test.Service", "Echo", echo);
    server.handle("test.Service", "Fail", fail);
    server.handle("test.Service", "Wait", [this](std::string payload) {
      return wait_for_ever(waiting, std::move(payload));
    });
    server.handle("test.Service", "Large", [this](std::string) {
      ++large;
      return echo(std::string(1U << 20, 'x'));
    });
    served = loop.start(server.serve(std::move(pair.first), options));
  }
};

}  // namespace

TEST_CASE("the golden health check gets the golden reply") {
  Fixture fixture;
  fixture.peer.send(kCheckCall);
  const auto frame = fixture.peer.receive();
  REQUIRE(frame);
  CHECK(frame->header == FrameHeader{.length = 6, .stream_id = 1, .type = 2, .flags = 0});
  CHECK(frame->payload == kServingReply.substr(kHeaderSize));
}

TEST_CASE("what cannot be served is refused and the connection is kept") {
  Fixture fixture;
  const auto refused = [&](std::string_view bytes) {
    fixture.peer.send(bytes);
    return fixture.refusal();
  };
  std::string unknown = encode_call("no.Service", "Check", "", {}).take();
  stamp_stream_id(unknown, 1);
  CHECK(refused(unknown) ==
        make_error(ErrorCode::kInvalidArgument, "no.Service service does not exist"));
  CHECK(refused(call_frame(3, "None")).code == ErrorCode::kUnsupported);
  CHECK(refused(call_frame(4, "Echo")) ==
        make_error(ErrorCode::kInvalidArgument, "stream id must be odd"));
  CHECK(refused(raw_frame(5, 1, "\xff\xff")).code == ErrorCode::kInvalidArgument);
  CHECK(refused(raw_frame(7, 3, "data")) ==
        make_error(ErrorCode::kInvalidArgument, "Stream is no longer active"));
  std::string undecodable = encode_call("grpc.Health", "Check", "\xff\xff", {}).take();
  stamp_stream_id(undecodable, 9);
  CHECK(refused(undecodable).code == ErrorCode::kInvalidArgument);
  fixture.peer.send(raw_frame(11, 99, "unknown type") + call_frame(13, "Echo", "still here"));
  CHECK(decode_reply(fixture.peer.receive()->payload).value() == "still here");
}

TEST_CASE("each call is told before it is handled and also one that is refused") {
  Fixture fixture;
  std::vector<std::string> told;
  fixture.server.set_on_call([&told](const std::string& service) { told.push_back(service); });
  fixture.peer.send(kCheckCall);
  REQUIRE(fixture.peer.receive());
  fixture.peer.send(call_frame(3, "None"));
  REQUIRE(fixture.peer.receive());
  fixture.peer.send(raw_frame(5, 1, "\xff\xff"));
  REQUIRE(fixture.peer.receive());
  CHECK(told == std::vector<std::string>{"grpc.Health", "test.Service"});
}

TEST_CASE("a call of exactly 4 MiB is served and one byte more is refused") {
  Fixture fixture;
  const std::size_t overhead =
      call_frame(1, "Echo", std::string(1U << 21, 'x')).size() - kHeaderSize - (1U << 21);
  fixture.peer.send(call_frame(1, "Echo", std::string(kMaxPayload - overhead, 'x')));
  const auto frame = fixture.peer.receive();
  REQUIRE(frame);
  CHECK(decode_reply(frame->payload).value().size() == kMaxPayload - overhead);
  fixture.peer.send(raw_frame(kMaxPayload + 1, 3, 1, std::string(kMaxPayload + 1, 'x')));
  CHECK(fixture.refusal().code == ErrorCode::kInvalidArgument);
  fixture.peer.send(call_frame(5, "Echo", "still here"));
  CHECK(decode_reply(fixture.peer.receive()->payload).value() == "still here");
}

TEST_CASE("a handler slower than its timeout is cancelled and the timeout answered") {
  Fixture fixture;
  fixture.peer.send(call_frame(1, "Wait", "", std::chrono::milliseconds(10)));
  CHECK(fixture.refusal() == make_error(ErrorCode::kTimeout, "timeout"));
  CHECK(fixture.loop.run_until([&] { return fixture.waiting == 0; }));
  fixture.peer.send(call_frame(3, "Echo", "next"));
  CHECK(fixture.peer.receive()->header.stream_id == 3);
}

TEST_CASE("a handler that throws is an internal error") {
  Fixture fixture;
  fixture.peer.send(call_frame(1, "Fail"));
  CHECK(fixture.refusal() == make_error(ErrorCode::kInternal, "out of luck"));
}

TEST_CASE("a peer that closes in mid-frame ends the serving and every handler") {
  Fixture fixture;
  fixture.peer.send(call_frame(1, "Wait") + call_frame(3, "Wait") + kCheckCall.substr(0, 15));
  CHECK(fixture.loop.run_until([&] { return fixture.waiting == 2; }));
  fixture.peer.close();
  CHECK(fixture.loop.result(fixture.served).code == ErrorCode::kUnavailable);
  CHECK(fixture.loop.run_until([&] { return fixture.waiting == 0; }));
}

TEST_CASE("cancelling the serving closes the connection and ends every handler") {
  Fixture fixture;
  auto pair = socket_pair();
  RawPeer peer(fixture.loop, std::move(pair.second));
  asio::cancellation_signal cancel;
  const auto served = fixture.loop.start(fixture.server.serve(std::move(pair.first)), cancel);
  peer.send(call_frame(1, "Wait"));
  CHECK(fixture.loop.run_until([&] { return fixture.waiting == 1; }));
  cancel.emit(asio::cancellation_type::terminal);
  CHECK(fixture.loop.result(served).code == ErrorCode::kCancelled);
  CHECK(fixture.loop.run_until([&] { return fixture.waiting == 0; }));
}

TEST_CASE("two hundred waiting calls do not hold up a quick one") {
  Fixture fixture;
  std::string calls;
  for (std::uint32_t i = 0; i < 200; ++i) calls += call_frame(2 * i + 1, "Wait");
  fixture.peer.send(calls + call_frame(401, "Echo", "quick"));
  CHECK(fixture.peer.receive()->header.stream_id == 401);
  CHECK(fixture.waiting == 200);
}

TEST_CASE("a peer that does not read its replies gets no further call handled") {
  Fixture fixture;
  constexpr std::uint32_t kCalls = 64;
  for (std::uint32_t i = 0; i < kCalls; ++i) fixture.peer.send(call_frame(2 * i + 1, "Large"));
  fixture.loop.settle();
  CHECK(fixture.large >= 16);
  CHECK(fixture.large <= 20);
  for (std::uint32_t i = 0; i < kCalls; ++i) CHECK(fixture.peer.receive().has_value());
  CHECK(fixture.large == kCalls);
}

TEST_CASE(
    "a paced handler takes nothing out while replies are unread and goes on when they are read") {
  Fixture test;
  int taken = 0;
  asio::steady_timer gate(test.loop.executor(), Deadline::max());
  const auto take = [&](std::string, Room room) -> Reply {
    boost::system::error_code ignored;
    co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const Result<void> ready = co_await room();
    if (!ready.ok()) co_return ready.error();
    ++taken;
    co_return std::string(256U << 10, 'x');
  };
  test.server.handle_paced("test.Service", "Take", take);
  constexpr std::uint32_t kCalls = 40;
  for (std::uint32_t call = 0; call < kCalls; ++call)
    REQUIRE(test.peer.send(call_frame(2 * call + 1, "Take")));
  gate.cancel();
  test.loop.settle();
  CHECK(taken >= 1);
  CHECK(taken <= 8);  // what the socket holds, and a reply or two
  for (std::uint32_t call = 0; call < kCalls; ++call) REQUIRE(test.peer.receive());
  CHECK(taken == kCalls);
}

TEST_CASE("calls in handlers hold at most 16 MiB and then reading stops") {
  Fixture fixture;
  const std::string payload(1U << 20, 'x');
  std::size_t sent = 0;
  for (std::uint32_t i = 0; i < 32; ++i) {
    const std::string frame = call_frame(2 * i + 1, "Wait", payload);
    std::string_view rest = frame;
    while (!rest.empty()) {
      const std::size_t some = fixture.peer.send_some(rest);
      fixture.loop.settle();
      if (some == 0) break;
      rest.remove_prefix(some);
      sent += some;
    }
    if (!rest.empty()) break;
  }
  CHECK(fixture.waiting == 15);  // with what a call costs beyond its payload
  CHECK(sent < 20U << 20);
}

TEST_CASE("an unknown service goes to the fallback with its timeout") {
  Fixture fixture;
  fixture.server.set_fallback([](std::string service, std::string method, std::string payload,
                                 std::chrono::nanoseconds timeout) {
    return echo(service + '/' + method + '/' + payload + '/' + std::to_string(timeout.count()));
  });
  std::string frame = encode_call("other.Service", "Do", "it", std::chrono::seconds(9)).take();
  stamp_stream_id(frame, 1);
  fixture.peer.send(frame);
  CHECK(decode_reply(fixture.peer.receive()->payload).value() == "other.Service/Do/it/9000000000");
}

TEST_CASE("a resynchronising server is not poisoned by half a frame of an earlier host") {
  Fixture fixture({.resynchronise = true});
  fixture.peer.send(std::string(3000, '\xee') + kCheckCall.substr(7) + kCheckCall);
  CHECK(fixture.peer.receive()->payload == kServingReply.substr(kHeaderSize));
}

TEST_CASE("a client and a server exchange messages") {
  Fixture fixture;
  auto pair = socket_pair();
  const auto served = fixture.loop.start(fixture.server.serve(std::move(pair.first)));
  {
    Client client(fixture.loop.executor(), std::move(pair.second));
    const auto reply = fixture.loop.result(fixture.loop.start(
        call<grpc::HealthCheckResponse>(client, "grpc.Health", "Check", grpc::CheckRequest())));
    REQUIRE(reply.ok());
    CHECK(reply.value().status() == grpc::HealthCheckResponse::SERVING);
  }
  CHECK(fixture.loop.result(served).code == ErrorCode::kUnavailable);
}

}  // namespace kata::ttrpc
