// SPDX-License-Identifier: Apache-2.0
//
// Frames as the tests write them down.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <utility>

#include "kata/unique_fd.h"
#include "protocol/ttrpc/frame.h"

namespace kata::ttrpc {

// "00 0a ff" → three bytes; spaces do not count.
inline std::string from_hex(std::string_view hex) {
  std::string bytes;
  std::string digits;
  for (const char digit : hex) {
    if (digit == ' ') continue;
    digits.push_back(digit);
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

inline std::string raw_frame(std::uint32_t length, std::uint32_t id, std::uint8_t type,
                             std::string_view payload, std::uint8_t flags = 0) {
  const auto header =
      encode_header({.length = length, .stream_id = id, .type = type, .flags = flags});
  std::string bytes(reinterpret_cast<const char*>(header.data()), header.size());
  bytes.append(payload);
  return bytes;
}

inline std::string raw_frame(std::uint32_t id, std::uint8_t type, std::string_view payload) {
  return raw_frame(static_cast<std::uint32_t>(payload.size()), id, type, payload);
}

inline std::pair<UniqueFd, UniqueFd> socket_pair(int flags = 0) {
  int fds[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, fds) != 0) std::abort();
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// What peers of Kata 4.1 send: health check, and its reply from a Rust and from a Go server.
inline const std::string kCheckCall =
    from_hex("00000014 00000001 01 00 0a0b 677270632e4865616c7468 1205 436865636b");
inline const std::string kServingReply = from_hex("00000006 00000001 02 00 0a00 12020801");
inline const std::string kServingReplyOfGo = from_hex("00000004 00000001 02 00 12020801");
inline const std::string kNotFoundReply = from_hex("00000007 00000003 02 00 0a05 0805 120178");

}  // namespace kata::ttrpc
