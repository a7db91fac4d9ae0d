// SPDX-License-Identifier: Apache-2.0
//
// Cuts a byte stream into frames. No I/O: bytes go in, frames come out. Holds at most one frame and
// what was fed behind it.
//
// Resynchronisation, for streams without connections (a virtio-serial port whose other end may be
// closed in mid-frame and opened by somebody else): whatever does not look like the header of an
// expected frame is skipped byte by byte. Its limits: stale bytes that happen to look like a frame
// are taken for one, and an over-long frame is skipped as garbage, so its sender gets no answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/ttrpc/frame.h"

namespace kata::ttrpc {

struct Frame {
  FrameHeader header{};
  std::string payload{};
  bool over_long = false;  // header.length exceeds kMaxPayload: the payload is thrown away
};

class FrameScanner {
 public:
  FrameScanner() = default;
  // `expected`: what the peer of a resynchronising stream sends, kRequest or kResponse.
  FrameScanner(MessageType expected, bool resynchronise)
      : expected_(expected), resynchronise_(resynchronise) {}

  // Only replies to these are plausible when resynchronising.
  void expect_ids(std::uint32_t lowest, std::uint32_t highest);

  void feed(std::string_view bytes);
  std::optional<Frame> next();

  bool in_frame() const { return discard_ > 0 || start_ < buffer_.size(); }

  // For a resynchronising stream that has been silent in mid-frame for too long: the header was not
  // one after all; looks behind its first byte.
  void reject_header();

 private:
  std::size_t available() const { return buffer_.size() - start_; }
  FrameHeader peek_header() const;
  bool plausible() const;
  void skip_garbage();
  void consume(std::size_t count);

  MessageType expected_ = MessageType::kRequest;
  bool resynchronise_ = false;
  std::uint32_t lowest_id_ = 0;
  std::uint32_t highest_id_ = 0xffffffff;
  std::string buffer_;
  std::size_t start_ = 0;      // the first byte of buffer_ that is not consumed
  std::uint64_t discard_ = 0;  // bytes of an over-long payload still to come
};

}  // namespace kata::ttrpc
