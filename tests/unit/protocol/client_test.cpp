// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/client.h"

#include <doctest/doctest.h>

#include "protocol/ttrpc/message.h"
#include "tests/unit/protocol/loop.h"

namespace kata::ttrpc {

namespace {

// A client whose server is the test.
struct Fixture {
  explicit Fixture(ClientOptions options = {}) : Fixture(socket_pair(), options) {}
  auto start(std::string_view method, std::string payload = "", CallOptions options = {}) {
    return loop.start(client.call("service", method, std::move(payload), options));
  }
  Loop loop;
  Client client;
  RawPeer peer;

 private:
  Fixture(std::pair<UniqueFd, UniqueFd> pair, ClientOptions options)
      : client(loop.executor(), std::move(pair.first), options),
        peer(loop, std::move(pair.second)) {}
};

}  // namespace

TEST_CASE("replies out of order reach their calls and ids rise by two") {
  Fixture fixture;
  const auto first = fixture.start("First");
  const auto second = fixture.start("Second");
  CHECK(fixture.peer.receive()->header.stream_id == 1);
  CHECK(fixture.peer.receive()->header.stream_id == 3);
  fixture.peer.send(encode_reply(3, std::string("two")));
  CHECK(fixture.loop.result(second).value() == "two");
  CHECK_FALSE(first->has_value());
  fixture.peer.send(encode_reply(1, std::string("one")));
  CHECK(fixture.loop.result(first).value() == "one");
}

TEST_CASE("an error reply becomes the call's error") {
  Fixture fixture;
  const auto call = fixture.start("Find");
  fixture.peer.send(encode_reply(1, make_error(ErrorCode::kNotFound, "no such container")));
  CHECK(fixture.loop.result(call).error() ==
        make_error(ErrorCode::kNotFound, "call Find: no such container"));
}

TEST_CASE("a call without a reply ends at its own timeout and a late reply is ignored") {
  Fixture fixture;
  const CallOptions options{std::chrono::milliseconds(10)};
  const auto call = fixture.start("Slow", "", options);
  CHECK(decode_call(fixture.peer.receive()->payload).value().timeout == options.timeout);
  CHECK(fixture.loop.result(call).error().code == ErrorCode::kTimeout);
  const auto next = fixture.start("Next");
  fixture.peer.send(encode_reply(1, std::string("late")) + encode_reply(3, std::string("next")));
  CHECK(fixture.loop.result(next).value() == "next");
}

TEST_CASE("cancelling the awaiting coroutine gives its call up") {
  Fixture fixture;
  boost::asio::cancellation_signal cancel;
  const auto call = fixture.loop.start(fixture.client.call("service", "Wait", ""), cancel);
  CHECK(fixture.peer.receive());
  cancel.emit(boost::asio::cancellation_type::terminal);
  CHECK(fixture.loop.result(call).error().code == ErrorCode::kCancelled);
  fixture.peer.send(encode_reply(1, std::string("late")));
  const auto next = fixture.start("Next");
  fixture.peer.send(encode_reply(3, std::string("next")));
  CHECK(fixture.loop.result(next).value() == "next");
}

TEST_CASE("a peer that closes in mid-frame fails every pending and later call") {
  Fixture fixture;
  const auto first = fixture.start("First");
  const auto second = fixture.start("Second");
  const auto closed = fixture.loop.start(fixture.client.closed());
  fixture.peer.send(kServingReply.substr(0, 12));
  fixture.peer.close();
  CHECK(fixture.loop.result(first).error().code == ErrorCode::kUnavailable);
  CHECK(fixture.loop.result(second).error().code == ErrorCode::kUnavailable);
  CHECK(fixture.loop.result(closed).code == ErrorCode::kUnavailable);
  CHECK(fixture.loop.result(fixture.start("Third")).error().code == ErrorCode::kUnavailable);
}

TEST_CASE("closing the client fails its pending calls") {
  Fixture fixture;
  const auto call = fixture.start("Wait");
  fixture.loop.settle();
  fixture.client.close();
  CHECK(fixture.loop.result(call).error().code == ErrorCode::kCancelled);
}

TEST_CASE("an over-long reply fails its own call only") {
  Fixture fixture;
  const auto first = fixture.start("First");
  const auto second = fixture.start("Second");
  const std::uint32_t length = kMaxPayload + 1;
  fixture.peer.send(raw_frame(length, 1, 2, std::string(length, 'x')) +
                    encode_reply(3, std::string("two")));
  CHECK(fixture.loop.result(first).error().code == ErrorCode::kResourceExhausted);
  CHECK(fixture.loop.result(second).value() == "two");
}

TEST_CASE("a call over 4 MiB is refused and nothing is sent") {
  Fixture fixture;
  const auto call = fixture.start("Large", std::string(kMaxPayload, 'x'));
  CHECK(fixture.loop.result(call).error().code == ErrorCode::kResourceExhausted);
  const auto next = fixture.start("Next");
  CHECK(fixture.peer.receive()->header.stream_id == 1);
}

TEST_CASE("replies that belong to no call and other frames are ignored") {
  Fixture fixture;
  const auto call = fixture.start("Call");
  fixture.peer.send(encode_reply(2, std::string("even")) + encode_reply(99, std::string("none")) +
                    raw_frame(1, 3, "data") + raw_frame(1, 77, "?") +
                    encode_reply(1, std::string("right")));
  CHECK(fixture.loop.result(call).value() == "right");
}

TEST_CASE("calls to a peer that does not read wait and fail at their deadline") {
  Fixture fixture;
  const CallOptions options{std::chrono::milliseconds(50)};
  std::vector<Outcome<Result<std::string>>> calls;
  for (int i = 0; i < 24; ++i)
    calls.push_back(fixture.start("Large", std::string(1U << 20, 'x'), options));
  int unsent = 0;
  for (const auto& call : calls) {
    const auto reply = fixture.loop.result(call);
    CHECK(reply.error().code == ErrorCode::kTimeout);
    unsent += reply.error().message.find("does not read") != std::string::npos ? 1 : 0;
  }
  CHECK(unsent >= 7);  // 16 MiB were queued; the rest never took memory in the queue
}

TEST_CASE("a resynchronising client skips what an earlier one left behind") {
  Fixture fixture(ClientOptions{.resynchronise = true});
  fixture.peer.send(kServingReply.substr(5) + kServingReply + kNotFoundReply);
  const auto call = fixture.start("Check");
  const std::uint32_t stream_id = fixture.peer.receive()->header.stream_id;
  CHECK(stream_id % 2 == 1);
  fixture.peer.send(kServingReply.substr(3) + encode_reply(stream_id, std::string("mine")));
  CHECK(fixture.loop.result(call).value() == "mine");
}

}  // namespace kata::ttrpc
