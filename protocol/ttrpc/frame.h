// SPDX-License-Identifier: Apache-2.0
//
// The ttRPC frame: ten bytes of header, big endian, then the payload.
// https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace kata::ttrpc {

inline constexpr std::size_t kHeaderSize = 10;
inline constexpr std::uint32_t kMaxPayload = 4U << 20;  // bytes

enum class MessageType : std::uint8_t { kRequest = 1, kResponse = 2, kData = 3 };

struct FrameHeader {
  std::uint32_t length = 0;  // of the payload, bytes
  std::uint32_t stream_id = 0;
  std::uint8_t type = 0;  // MessageType, or whatever the peer sent
  std::uint8_t flags = 0;

  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

FrameHeader decode_header(std::span<const std::byte, kHeaderSize> bytes) noexcept;
std::array<std::byte, kHeaderSize> encode_header(const FrameHeader& header) noexcept;

}  // namespace kata::ttrpc
