// SPDX-License-Identifier: Apache-2.0
//
// Calls and replies as whole frames, ready to be written, and back.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "protocol/ttrpc/frame.h"

namespace kata::ttrpc {

struct Call {
  std::string service{};
  std::string method{};
  std::string payload{};
  std::chrono::nanoseconds timeout{0};  // 0: none
};

// Header and payload. The stream id is stamped later, when the frame's turn comes. Refuses a call
// over kMaxPayload with kResourceExhausted.
Result<std::string> encode_call(std::string_view service, std::string_view method,
                                std::string_view payload, std::chrono::nanoseconds timeout);
void stamp_stream_id(std::string& frame, std::uint32_t stream_id) noexcept;

Result<Call> decode_call(const std::string& payload);

// An answer that would be over kMaxPayload becomes a kResourceExhausted one.
std::string encode_reply(std::uint32_t stream_id, const Result<std::string>& reply);

// The frame of a successful reply up to its payload of `size` bytes, which is to follow; empty when
// that is more than a frame holds.
std::string begin_reply(std::uint32_t stream_id, std::size_t size);

// The method's own payload, or the status as an Error.
Result<std::string> decode_reply(const std::string& payload);

}  // namespace kata::ttrpc
