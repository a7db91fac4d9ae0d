// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/blocking_client.h"

#include <doctest/doctest.h>

#include "health.pb.h"
#include "tests/unit/protocol/bytes.h"

namespace kata::ttrpc {

namespace {

Deadline in_five_seconds() { return std::chrono::steady_clock::now() + std::chrono::seconds(5); }

// A client, and the server's end of its connection with a reply waiting in it already.
struct Prepared {
  explicit Prepared(std::string_view replies, bool close = false)
      : Prepared(socket_pair(), replies, close) {}
  BlockingClient client;
  UniqueFd peer;

  std::string sent() {
    char bytes[4096];
    const ssize_t got = ::recv(peer.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    return got < 0 ? std::string() : std::string(bytes, static_cast<std::size_t>(got));
  }

 private:
  Prepared(std::pair<UniqueFd, UniqueFd> pair, std::string_view replies, bool close)
      : client(std::move(pair.first)), peer(std::move(pair.second)) {
    if (::send(peer.get(), replies.data(), replies.size(), MSG_NOSIGNAL) < 0) std::abort();
    if (close) ::shutdown(peer.get(), SHUT_WR);
  }
};

}  // namespace

TEST_CASE("a blocking call sends the golden frame and returns the payload") {
  Prepared prepared(kServingReply);
  const auto reply = prepared.client.call("grpc.Health", "Check", "", Deadline::max());
  REQUIRE(reply.ok());
  CHECK(reply.value() == from_hex("0801"));
  CHECK(prepared.sent() == kCheckCall);
}

TEST_CASE("a blocking call of messages returns a message") {
  Prepared prepared(kServingReplyOfGo);
  const auto reply = call<grpc::HealthCheckResponse>(prepared.client, "grpc.Health", "Check",
                                                     grpc::CheckRequest(), in_five_seconds());
  REQUIRE(reply.ok());
  CHECK(reply.value().status() == grpc::HealthCheckResponse::SERVING);
}

TEST_CASE("a blocking call skips what is not its reply") {
  Prepared prepared(raw_frame(9, 2, "\x0a") + raw_frame(1, 3, "") + kServingReply);
  CHECK(prepared.client.call("grpc.Health", "Check", "", in_five_seconds()).ok());
}

TEST_CASE("a blocking call returns the peer's error") {
  Prepared prepared(kServingReply + kNotFoundReply);
  CHECK(prepared.client.call("s", "First", "", in_five_seconds()).ok());
  const auto reply = prepared.client.call("s", "Second", "", in_five_seconds());
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error() == make_error(ErrorCode::kNotFound, "x"));
}

TEST_CASE("a blocking call ends at its deadline") {
  Prepared prepared("");
  const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  const auto reply = prepared.client.call("s", "m", "", soon);
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kTimeout);
}

TEST_CASE("a blocking call to a peer that does not read ends at its deadline") {
  Prepared prepared("");
  const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  const std::string large(kMaxPayload - 100, 'x');
  CHECK(prepared.client.call("s", "m", large, soon).error().code == ErrorCode::kTimeout);
  CHECK(prepared.client.call("s", "m", "", in_five_seconds()).error().code ==
        ErrorCode::kUnavailable);
}

TEST_CASE("a peer that closes in mid-frame ends a blocking call") {
  Prepared prepared(kServingReply.substr(0, 12), true);
  const auto reply = prepared.client.call("s", "m", "", in_five_seconds());
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("an over-long reply fails a blocking call") {
  Prepared prepared(raw_frame(kMaxPayload + 1, 1, 2, ""));
  const auto reply = prepared.client.call("s", "m", "", in_five_seconds());
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kResourceExhausted);
}

}  // namespace kata::ttrpc
