// SPDX-License-Identifier: Apache-2.0
//
// Wire text is put together by hand: protobuf would refuse to write most of this.
#include "tests/component/task-api/attacks.h"

#include "protocol/ttrpc/frame.h"

namespace kata::test {

namespace {

using Answer = HostileAgent::Answer;

constexpr std::uint8_t kResponse = static_cast<std::uint8_t>(ttrpc::MessageType::kResponse);
constexpr std::uint32_t kFields = 16;  // more than any reply has

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U) bytes.push_back(static_cast<char>((value & 0x7fU) | 0x80U));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::string integer_field(std::uint32_t number, std::uint64_t value) {
  return varint(number << 3U) + varint(value);
}

std::string bytes_field(std::uint32_t number, const std::string& value) {
  return varint(number << 3U | 2U) + varint(value.size()) + value;
}

std::string frame(ttrpc::FrameHeader header, const std::string& payload) {
  header.length = static_cast<std::uint32_t>(payload.size());
  const auto bytes = ttrpc::encode_header(header);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) + payload;
}

std::string bare_header(std::uint32_t length, std::uint32_t stream_id) {
  const auto bytes = ttrpc::encode_header({length, stream_id, kResponse, 0});
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// Every field of a message is this text, whatever it should be.
std::string all_fields(const std::string& text) {
  std::string message;
  for (std::uint32_t number = 1; number <= kFields; ++number) message += bytes_field(number, text);
  return message;
}

std::string all_fields(std::uint64_t value) {
  std::string message;
  for (std::uint32_t number = 1; number <= kFields; ++number)
    message += integer_field(number, value);
  return message;
}

std::string nested(std::uint32_t depth) {
  std::string message;
  for (std::uint32_t level = 0; level < depth; ++level) message = bytes_field(1, message);
  return message;
}

Answer nothing(std::uint32_t) { return {}; }
Answer hang_up(std::uint32_t) { return {"", true, false}; }
Answer end_in_header(std::uint32_t id) { return {bare_header(100, id).substr(0, 5), true, false}; }
Answer end_in_frame(std::uint32_t id) { return {bare_header(100, id) + "half", true, false}; }
Answer stop_in_frame(std::uint32_t id) { return {bare_header(100, id) + "half", false, false}; }
Answer four_gib(std::uint32_t id) { return {bare_header(0xffffffff, id), false, false}; }
Answer empty_frame(std::uint32_t id) { return {response_frame(id, ""), false, false}; }
Answer no_message(std::uint32_t id) {
  return {response_frame(id, std::string(64, '\xff')), false, false};
}
Answer no_reply_message(std::uint32_t id) {
  return {ok_frame(id, std::string(64, '\xff')), false, false};
}
Answer longest(std::uint32_t id) {
  const std::string whole = ok_frame(id, "");
  const std::size_t room = ttrpc::kMaxPayload - (whole.size() - ttrpc::kHeaderSize);
  const std::string data = bytes_field(1, std::string(room - 16, 'x'));
  std::string payload = ok_frame(id, data).substr(ttrpc::kHeaderSize);
  payload.resize(ttrpc::kMaxPayload, '\0');  // the rest is no field
  return {response_frame(id, payload), false, false};
}
Answer too_long(std::uint32_t id) {
  return {response_frame(id, bytes_field(2, std::string(ttrpc::kMaxPayload, 'x'))), false, false};
}
Answer much_data(std::uint32_t id) {
  return {ok_frame(id, bytes_field(1, std::string(3U << 20, 'x'))), false, false};
}
Answer unknown_id(std::uint32_t id) { return {ok_frame(id + 0x10000, ""), false, false}; }
Answer even_id(std::uint32_t id) { return {ok_frame(id + 1, ""), false, false}; }
Answer id_zero(std::uint32_t) { return {ok_frame(0, ""), false, false}; }
Answer twice(std::uint32_t id) {
  return {ok_frame(id, "") + ok_frame(id, "") + error_frame(id, 13, "again"), false, false};
}
Answer before_asked(std::uint32_t id) {
  std::string bytes = ok_frame(id, "");
  for (std::uint32_t next = 1; next <= 64; ++next) bytes += ok_frame(id + 2 * next, "");
  return {bytes, false, false};
}
Answer strange_flags(std::uint32_t id) {
  return {frame({0, id, kResponse, 0xff}, ""), false, false};
}
Answer other_types(std::uint32_t id) {
  std::string bytes;
  for (const std::uint8_t type : {0x01, 0x03, 0x00, 0xff})
    bytes += frame({0, id, type, 0}, "a request or data");
  return {bytes + ok_frame(id, ""), false, false};
}
Answer noise(std::uint32_t) { return {std::string(4096, '\x5a'), false, false}; }
Answer deep(std::uint32_t id) {
  static const std::string kDeep = nested(10000);
  return {ok_frame(id, kDeep), false, false};
}
Answer largest_numbers(std::uint32_t id) {
  return {ok_frame(id, all_fields(~std::uint64_t{0})), false, false};
}
Answer sign_bit(std::uint32_t id) {
  return {ok_frame(id, all_fields(std::uint64_t{1} << 31U)), false, false};
}
Answer paths(std::uint32_t id) {
  return {ok_frame(id, all_fields("../../../../../../etc/passwd")), false, false};
}
Answer foreign_id(std::uint32_t id) { return {ok_frame(id, all_fields("foreign")), false, false}; }
Answer no_utf8(std::uint32_t id) {
  return {ok_frame(id, all_fields("\xc0\xaf\xff\xfe")), false, false};
}
Answer error_with_controls(std::uint32_t id) {
  return {error_frame(id, 13, "\x1b[2J\x1b]0;owned\x07\nlevel=error msg=\"forged\"\r\x7f%s%n"),
          false, false};
}
Answer error_without_utf8(std::uint32_t id) {
  return {error_frame(id, 13, "\xc0\xaf\xff"), false, false};
}
Answer longest_error(std::uint32_t id) {
  return {error_frame(id, 13, std::string(3U << 20, '\x1b')), false, false};
}
Answer code_below(std::uint32_t id) { return {error_frame(id, -1, "code"), false, false}; }
Answer code_above(std::uint32_t id) { return {error_frame(id, 0x7fffffff, "code"), false, false}; }
Answer not_found(std::uint32_t id) { return {error_frame(id, 5, "not found"), false, false}; }
Answer unavailable(std::uint32_t id) { return {error_frame(id, 14, "gone"), false, false}; }
Answer error_storm(std::uint32_t id) {
  std::string bytes;
  for (int i = 0; i < 10000; ++i) bytes += error_frame(id, 13, "storm");
  return {bytes, false, false};
}

constexpr NamedAttack kAttacks[] = {
    {"nothing", nothing, true},
    {"hangs up", hang_up},
    {"hangs up in a header", end_in_header},
    {"hangs up in a frame", end_in_frame},
    {"stops in a frame", stop_in_frame, true},
    {"a length of 4 GiB", four_gib, true},
    {"an empty frame", empty_frame},
    {"no ttRPC message", no_message},
    {"no message of the method", no_reply_message},
    {"4 MiB", longest, false, true},
    {"more than 4 MiB", too_long, false, true},
    {"3 MiB of data", much_data, false, true},
    {"an unknown stream id", unknown_id, true},
    {"an even stream id", even_id, true},
    {"stream id 0", id_zero, true},
    {"twice", twice},
    {"before it is asked", before_asked},
    {"strange flags", strange_flags},
    {"frames of other types", other_types},
    {"noise", noise, true},
    {"nested 10000 deep", deep},
    {"the largest numbers", largest_numbers},
    {"numbers with a sign bit", sign_bit},
    {"paths", paths},
    {"another container's id", foreign_id},
    {"text that is not UTF-8", no_utf8},
    {"an error with control characters", error_with_controls},
    {"an error that is not UTF-8", error_without_utf8},
    {"an error of 3 MiB", longest_error, false, true},
    {"code -1", code_below},
    {"code 2^31-1", code_above},
    {"not found", not_found},
    {"unavailable", unavailable},
    {"10000 errors", error_storm, false, true},
};

}  // namespace

std::span<const NamedAttack> attacks() { return kAttacks; }

std::string response_frame(std::uint32_t stream_id, const std::string& bytes) {
  return frame({0, stream_id, kResponse, 0}, bytes);
}

std::string ok_frame(std::uint32_t stream_id, const std::string& payload) {
  return response_frame(stream_id, bytes_field(1, "") + bytes_field(2, payload));
}

std::string error_frame(std::uint32_t stream_id, std::int32_t code, const std::string& text) {
  const std::string status =
      integer_field(1, static_cast<std::uint64_t>(std::int64_t{code})) + bytes_field(2, text);
  return response_frame(stream_id, bytes_field(1, status));
}

}  // namespace kata::test
