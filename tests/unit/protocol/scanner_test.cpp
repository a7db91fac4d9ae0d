// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <vector>

#include "protocol/ttrpc/frame_scanner.h"
#include "tests/unit/protocol/bytes.h"

namespace kata::ttrpc {

TEST_CASE("frames are found whatever pieces they arrive in") {
  const std::string stream = kCheckCall + raw_frame(3, 1, "") + raw_frame(5, 2, "abc");
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameScanner scanner;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      scanner.feed(std::string_view(stream).substr(at, piece));
      while (auto frame = scanner.next()) frames.push_back(std::move(*frame));
    }
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].payload == kCheckCall.substr(kHeaderSize));
    CHECK(frames[1].payload.empty());
    CHECK(frames[2].header.stream_id == 5);
    CHECK_FALSE(scanner.in_frame());
  }
}

TEST_CASE("a payload of exactly 4 MiB is a frame") {
  FrameScanner scanner;
  scanner.feed(raw_frame(1, 1, std::string(kMaxPayload, 'x')));
  const auto frame = scanner.next();
  REQUIRE(frame);
  CHECK_FALSE(frame->over_long);
  CHECK(frame->payload.size() == kMaxPayload);
}

TEST_CASE("an over-long payload is thrown away and the next frame found") {
  FrameScanner scanner;
  const std::uint32_t length = kMaxPayload + 1;
  scanner.feed(raw_frame(length, 1, 1, std::string(100, 'x')));
  const auto frame = scanner.next();
  REQUIRE(frame);
  CHECK(frame->over_long);
  CHECK(frame->header.length == length);
  CHECK(scanner.in_frame());
  scanner.feed(std::string(length - 100, 'x') + kCheckCall);
  const auto behind = scanner.next();
  REQUIRE(behind);
  CHECK(behind->payload == kCheckCall.substr(kHeaderSize));
}

TEST_CASE("resynchronising skips garbage before a call") {
  FrameScanner scanner(MessageType::kRequest, true);
  scanner.feed(std::string(1000, '\xee') + raw_frame(2, 1, "\x0a") + kCheckCall);
  const auto frame = scanner.next();
  REQUIRE(frame);
  CHECK(frame->payload == kCheckCall.substr(kHeaderSize));
}

TEST_CASE("resynchronising holds no opinion on the last bytes of garbage until more come") {
  for (std::size_t garbage = 1; garbage < 30; ++garbage) {
    FrameScanner scanner(MessageType::kRequest, true);
    scanner.feed(std::string(garbage, 'x'));
    REQUIRE_FALSE(scanner.next());
    scanner.feed(kCheckCall);
    const auto frame = scanner.next();
    REQUIRE(frame);
    CHECK(frame->payload == kCheckCall.substr(kHeaderSize));
  }
}

TEST_CASE("resynchronising finds a call behind the rest of a payload") {
  FrameScanner scanner(MessageType::kRequest, true);
  const std::string half = kCheckCall.substr(13) + kCheckCall;
  for (const char byte : half) scanner.feed(std::string_view(&byte, 1));
  const auto frame = scanner.next();
  REQUIRE(frame);
  CHECK(frame->header.stream_id == 1);
}

TEST_CASE("a stalled half frame is given up for the call behind it") {
  FrameScanner scanner(MessageType::kRequest, true);
  scanner.feed(raw_frame(1U << 20, 7, 1,
                         "\x0a"
                         "rest of an older host") +
               kCheckCall);
  CHECK_FALSE(scanner.next());
  CHECK(scanner.in_frame());
  scanner.reject_header();
  const auto frame = scanner.next();
  REQUIRE(frame);
  CHECK(frame->payload == kCheckCall.substr(kHeaderSize));
}

TEST_CASE("resynchronising skips replies to calls that were not made") {
  FrameScanner scanner(MessageType::kResponse, true);
  scanner.expect_ids(101, 103);
  scanner.feed(kServingReply + raw_frame(105, 2, kServingReply.substr(kHeaderSize)) +
               raw_frame(103, 2, kServingReply.substr(kHeaderSize)));
  const auto frame = scanner.next();
  REQUIRE(frame);
  CHECK(frame->header.stream_id == 103);
  CHECK_FALSE(scanner.next());
}

}  // namespace kata::ttrpc
