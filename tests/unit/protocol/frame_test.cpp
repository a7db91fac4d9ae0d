// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/frame.h"

#include <doctest/doctest.h>

#include "protocol/ttrpc/message.h"
#include "protocol/ttrpc/status.h"
#include "tests/unit/protocol/bytes.h"

namespace kata::ttrpc {

namespace {

std::string call_frame(std::uint32_t id, std::string_view service, std::string_view method,
                       std::string_view payload, std::chrono::nanoseconds timeout = {}) {
  std::string frame = encode_call(service, method, payload, timeout).take();
  stamp_stream_id(frame, id);
  return frame;
}

const std::string kContainerC1 = from_hex("0a02 6331");

}  // namespace

TEST_CASE("a header keeps every field through encoding and decoding") {
  const FrameHeader header{.length = 0x01020304, .stream_id = 0xfffefdfc, .type = 7, .flags = 9};
  CHECK(decode_header(encode_header(header)) == header);
}

TEST_CASE("a health check is the golden frame") {
  CHECK(call_frame(1, "grpc.Health", "Check", "") == kCheckCall);
}

TEST_CASE("a call without a limit leaves timeout_nano out") {
  CHECK(call_frame(3, "grpc.AgentService", "WaitProcess", kContainerC1) ==
        from_hex("00000026 00000003 01 00 0a11") + "grpc.AgentService" + from_hex("120b") +
            "WaitProcess" + from_hex("1a04 0a02 6331"));
}

TEST_CASE("a call with a limit carries it in nanoseconds") {
  CHECK(call_frame(5, "grpc.AgentService", "StartContainer", kContainerC1,
                   std::chrono::seconds(30)) ==
        from_hex("0000002f 00000005 01 00 0a11") + "grpc.AgentService" + from_hex("120e") +
            "StartContainer" + from_hex("1a04 0a02 6331 20 80d88ee16f"));
}

TEST_CASE("a successful reply carries an explicit status") {
  CHECK(encode_reply(1, std::string(from_hex("0801"))) == kServingReply);
}

TEST_CASE("an error is the golden frame") {
  CHECK(encode_reply(3, make_error(ErrorCode::kNotFound, "x")) == kNotFoundReply);
}

TEST_CASE("a reply without a status is a success") {
  const auto reply = decode_reply(kServingReplyOfGo.substr(kHeaderSize));
  REQUIRE(reply.ok());
  CHECK(reply.value() == from_hex("0801"));
  CHECK(decode_reply("").ok());
}

TEST_CASE("an error travels with its code and its text") {
  const auto reply = decode_reply(kNotFoundReply.substr(kHeaderSize));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error() == make_error(ErrorCode::kNotFound, "x"));
}

TEST_CASE("a call is decoded to what was encoded") {
  const std::string frame = call_frame(1, "s", "m", "payload", std::chrono::nanoseconds(7));
  const auto call = decode_call(frame.substr(kHeaderSize));
  REQUIRE(call.ok());
  CHECK(call.value().service == "s");
  CHECK(call.value().method == "m");
  CHECK(call.value().payload == "payload");
  CHECK(call.value().timeout == std::chrono::nanoseconds(7));
}

TEST_CASE("bytes that are no message are refused") {
  CHECK(decode_call("\xff\xff\xff").error().code == ErrorCode::kInvalidArgument);
  CHECK(decode_reply("\xff\xff\xff").error().code == ErrorCode::kInternal);
}

TEST_CASE("a call of exactly 4 MiB is encoded and one byte more is refused") {
  const std::size_t overhead = encode_call("s", "m", "", {}).value().size() - kHeaderSize + 5;
  const std::string fits(kMaxPayload - overhead, 'x');
  const auto frame = encode_call("s", "m", fits, {});
  REQUIRE(frame.ok());
  CHECK(frame.value().size() == kHeaderSize + kMaxPayload);
  const auto refused = encode_call("s", "m", fits + 'x', {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kResourceExhausted);
}

TEST_CASE("a reply over 4 MiB becomes an error") {
  const std::string frame = encode_reply(1, std::string(kMaxPayload, 'x'));
  const auto reply = decode_reply(frame.substr(kHeaderSize));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kResourceExhausted);
}

TEST_CASE("an error text is one line without control characters") {
  const auto frame = encode_reply(1, make_error(ErrorCode::kInternal, "a\nb\x1b[1m\x7f \xc3\xa9"));
  const auto reply = decode_reply(frame.substr(kHeaderSize));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().message == "a?b?[1m? \xc3\xa9");
}

TEST_CASE("an error text that is not UTF-8 still arrives") {
  const std::string text = "open '\xff\xc0\xaf\xed\xa0\x80 ok \xc3\xa9'";
  const std::string frame = encode_reply(1, make_error(ErrorCode::kNotFound, text));
  const auto reply = decode_reply(frame.substr(kHeaderSize));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().message == "open '?????? ok \xc3\xa9'");
}

TEST_CASE("a reply begun and completed is the reply encoded at once") {
  for (const std::size_t size : {0, 1, 127, 128, 16383, 16384, 262144, (4 << 20) - 7}) {
    CAPTURE(size);
    const std::string payload(size, 'x');
    CHECK((decode_reply((begin_reply(7, size) + payload).substr(kHeaderSize)).take() == payload));
    if (size != 0) CHECK((begin_reply(7, size) + payload == encode_reply(7, payload)));
  }
}

TEST_CASE("a reply that is longer than a frame is not begun") {
  CHECK(begin_reply(1, (4 << 20) - 6).empty());
  CHECK(begin_reply(1, 1U << 30).empty());
}

TEST_CASE("each error code comes back from its status") {
  for (const auto& [code, status] : {std::pair(ErrorCode::kCancelled, 1),
                                     {ErrorCode::kInvalidArgument, 3},
                                     {ErrorCode::kTimeout, 4},
                                     {ErrorCode::kNotFound, 5},
                                     {ErrorCode::kAlreadyExists, 6},
                                     {ErrorCode::kPermission, 7},
                                     {ErrorCode::kResourceExhausted, 8},
                                     {ErrorCode::kFailedPrecondition, 9},
                                     {ErrorCode::kUnsupported, 12},
                                     {ErrorCode::kInternal, 13},
                                     {ErrorCode::kUnavailable, 14}}) {
    CHECK(status_code(code) == status);
    CHECK(status_error(status, "x") == make_error(code, "x"));
  }
}

TEST_CASE("a status without a counterpart is internal and keeps its number") {
  const Error error = status_error(15, "disk ate it");
  CHECK(error.code == ErrorCode::kInternal);
  CHECK(error.message == "disk ate it (status code 15)");
}

}  // namespace kata::ttrpc
