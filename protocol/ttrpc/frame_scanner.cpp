// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/frame_scanner.h"

#include <algorithm>

namespace kata::ttrpc {

namespace {

constexpr std::size_t kCompactAt = 64U << 10;      // bytes consumed before the rest is moved down
constexpr std::size_t kKeepCapacity = 256U << 10;  // an idle connection does not sit on megabytes

// The first byte of each Request and Response our peers send: the key of field 1, or of a
// Response's field 2 when the status is left out.
constexpr char kField1 = 0x0a;
constexpr char kField2 = 0x12;

}  // namespace

void FrameScanner::expect_ids(std::uint32_t lowest, std::uint32_t highest) {
  lowest_id_ = lowest;
  highest_id_ = highest;
}

void FrameScanner::feed(std::string_view bytes) {
  const std::size_t thrown = std::min<std::uint64_t>(discard_, bytes.size());
  discard_ -= thrown;
  buffer_.append(bytes.substr(thrown));
}

std::optional<Frame> FrameScanner::next() {
  if (resynchronise_) skip_garbage();
  // Whether a header is one shows only in the byte behind it.
  if (available() < kHeaderSize + (resynchronise_ ? 1 : 0)) return std::nullopt;
  Frame frame{.header = peek_header()};
  if (frame.header.length > kMaxPayload) {
    frame.over_long = true;
    consume(kHeaderSize);
    const std::size_t here = std::min<std::size_t>(available(), frame.header.length);
    discard_ = frame.header.length - here;
    consume(here);
    return frame;
  }
  if (available() - kHeaderSize < frame.header.length) return std::nullopt;
  frame.payload.assign(buffer_, start_ + kHeaderSize, frame.header.length);
  consume(kHeaderSize + frame.header.length);
  return frame;
}

void FrameScanner::reject_header() {
  if (resynchronise_) consume(available() > kHeaderSize ? 1 : available());
}

FrameHeader FrameScanner::peek_header() const {
  const auto* bytes = reinterpret_cast<const std::byte*>(buffer_.data() + start_);
  return decode_header(std::span<const std::byte, kHeaderSize>(bytes, kHeaderSize));
}

// Precondition: a header and one byte of payload are there.
bool FrameScanner::plausible() const {
  const FrameHeader header = peek_header();
  const char first = buffer_[start_ + kHeaderSize];
  const bool payload_fits =
      first == kField1 || (expected_ == MessageType::kResponse && first == kField2);
  return header.type == static_cast<std::uint8_t>(expected_) && header.flags == 0 &&
         header.stream_id % 2 == 1 && header.stream_id >= lowest_id_ &&
         header.stream_id <= highest_id_ && header.length > 0 && header.length <= kMaxPayload &&
         payload_fits;
}

void FrameScanner::skip_garbage() {
  while (available() > kHeaderSize && !plausible()) ++start_;
  consume(0);
}

void FrameScanner::consume(std::size_t count) {
  start_ += count;
  if (start_ == buffer_.size()) {
    buffer_.clear();
    start_ = 0;
    if (buffer_.capacity() > kKeepCapacity) buffer_.shrink_to_fit();
  } else if (start_ >= kCompactAt) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
}

}  // namespace kata::ttrpc
