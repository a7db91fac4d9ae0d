// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/frame.h"

namespace kata::ttrpc {

namespace {

std::uint32_t load_be32(std::span<const std::byte, 4> bytes) noexcept {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint32_t>(byte);
  return value;
}

void store_be32(std::uint32_t value, std::span<std::byte, 4> bytes) noexcept {
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = std::byte(value >> (24 - 8 * i) & 0xffU);
}

}  // namespace

FrameHeader decode_header(std::span<const std::byte, kHeaderSize> bytes) noexcept {
  return FrameHeader{
      .length = load_be32(bytes.subspan<0, 4>()),
      .stream_id = load_be32(bytes.subspan<4, 4>()),
      .type = std::to_integer<std::uint8_t>(bytes[8]),
      .flags = std::to_integer<std::uint8_t>(bytes[9]),
  };
}

std::array<std::byte, kHeaderSize> encode_header(const FrameHeader& header) noexcept {
  std::array<std::byte, kHeaderSize> bytes{};
  const std::span<std::byte, kHeaderSize> all(bytes);
  store_be32(header.length, all.subspan<0, 4>());
  store_be32(header.stream_id, all.subspan<4, 4>());
  bytes[8] = std::byte{header.type};
  bytes[9] = std::byte{header.flags};
  return bytes;
}

}  // namespace kata::ttrpc
