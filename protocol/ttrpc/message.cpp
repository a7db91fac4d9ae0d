// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/message.h"

#include <algorithm>
#include <cstring>

#include "kata/concat.h"
#include "protocol/ttrpc/status.h"
#include "ttrpc.pb.h"

namespace kata::ttrpc {

namespace {

constexpr std::size_t kStreamIdOffset = 4;
constexpr std::size_t kLongestMessage = 16U << 10;  // bytes of an error's text on the wire

template <class Message>
std::string frame_of(const Message& message, std::size_t size, MessageType type,
                     std::uint32_t stream_id) {
  const auto header = encode_header({.length = static_cast<std::uint32_t>(size),
                                     .stream_id = stream_id,
                                     .type = static_cast<std::uint8_t>(type)});
  std::string frame(kHeaderSize + size, '\0');
  std::memcpy(frame.data(), header.data(), kHeaderSize);
  message.SerializeWithCachedSizesToArray(
      reinterpret_cast<std::uint8_t*>(frame.data() + kHeaderSize));
  return frame;
}

// Of the UTF-8 sequence that text starts with; 0: it starts with none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const std::size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  const bool too_small = (byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xf0 && byte(1) < 0x90);
  const bool too_big = (byte(0) == 0xed && byte(1) > 0x9f) || (byte(0) == 0xf4 && byte(1) > 0x8f);
  return too_small || too_big ? 0 : length;
}

// A proto3 string that is not UTF-8 costs its reader the whole reply, and a control character may
// break a line of its log; what our errors quote may hold any byte.
std::string valid_text(std::string_view text) {
  text = text.substr(0, kLongestMessage);
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (length == 0 || first < ' ' || first == 0x7f)
      valid.push_back('?');
    else
      valid.append(text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return valid;
}

ttrpc_wire::Response response_of(const Error& error) {
  ttrpc_wire::Response response;
  response.mutable_status()->set_code(status_code(error.code));
  response.mutable_status()->set_message(valid_text(error.message));
  return response;
}

}  // namespace

Result<std::string> encode_call(std::string_view service, std::string_view method,
                                std::string_view payload, std::chrono::nanoseconds timeout) {
  ttrpc_wire::Request request;
  request.set_service(std::string(service));
  request.set_method(std::string(method));
  request.set_payload(payload.data(), payload.size());
  request.set_timeout_nano(timeout.count());
  const std::size_t size = request.ByteSizeLong();
  if (size > kMaxPayload)
    return make_error(ErrorCode::kResourceExhausted,
                      concat("call ", method, ": the request has ", size,
                             " bytes; ttRPC allows at most ", kMaxPayload));
  return frame_of(request, size, MessageType::kRequest, 0);
}

void stamp_stream_id(std::string& frame, std::uint32_t stream_id) noexcept {
  const auto header = encode_header({.stream_id = stream_id});
  std::memcpy(frame.data() + kStreamIdOffset, header.data() + kStreamIdOffset, sizeof stream_id);
}

Result<Call> decode_call(const std::string& payload) {
  ttrpc_wire::Request request;
  if (!request.ParseFromString(payload))
    return make_error(ErrorCode::kInvalidArgument, "the request is not a ttRPC message");
  return Call{.service = std::move(*request.mutable_service()),
              .method = std::move(*request.mutable_method()),
              .payload = std::move(*request.mutable_payload()),
              .timeout = std::chrono::nanoseconds(request.timeout_nano())};
}

std::string encode_reply(std::uint32_t stream_id, const Result<std::string>& reply) {
  ttrpc_wire::Response response;
  if (reply.ok()) {
    response.mutable_status();  // an explicit OK, as the Kata agent sends it
    response.set_payload(reply.value());
  } else {
    response = response_of(reply.error());
  }
  std::size_t size = response.ByteSizeLong();
  if (size > kMaxPayload) {
    response = response_of(
        make_error(ErrorCode::kResourceExhausted,
                   concat("the reply has ", size, " bytes; ttRPC allows at most ", kMaxPayload)));
    size = response.ByteSizeLong();
  }
  return frame_of(response, size, MessageType::kResponse, stream_id);
}

std::string begin_reply(std::uint32_t stream_id, std::size_t size) {
  // Response's fields 1, an empty Status, and 2, both length-delimited.
  std::string fields{0x0a, 0x00, 0x12};
  for (std::size_t rest = size;; rest >>= 7U) {
    fields.push_back(static_cast<char>(rest < 0x80 ? rest : (rest & 0x7fU) | 0x80U));
    if (rest < 0x80) break;
  }
  if (size > kMaxPayload - fields.size()) return {};
  const auto header = encode_header({.length = static_cast<std::uint32_t>(fields.size() + size),
                                     .stream_id = stream_id,
                                     .type = static_cast<std::uint8_t>(MessageType::kResponse)});
  std::string frame(reinterpret_cast<const char*>(header.data()), header.size());
  return frame += fields;
}

Result<std::string> decode_reply(const std::string& payload) {
  ttrpc_wire::Response response;
  if (!response.ParseFromString(payload))
    return make_error(ErrorCode::kInternal, "the reply is not a ttRPC message");
  if (response.status().code() != 0) {
    std::string message = std::move(*response.mutable_status()->mutable_message());
    message.resize(std::min(message.size(), kLongestMessage));
    return status_error(response.status().code(), std::move(message));
  }
  return std::move(*response.mutable_payload());
}

}  // namespace kata::ttrpc
