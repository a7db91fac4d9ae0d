// SPDX-License-Identifier: Apache-2.0
//
// Bytes from a QMP socket → messages. The peer may be anything: a line is bounded, garbage is an
// error and never a crash, and unknown members are ignored.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "kata/result.h"

namespace kata::qemu {

inline constexpr std::size_t kLongestQmpLine = 1U << 20;

struct QmpGreeting {
  std::uint32_t major = 0, minor = 0;
};
struct QmpReply {
  std::optional<std::uint64_t> id{};  // none: QEMU could not read the command
  std::string result_json{};          // of "return"
  std::string error{};                // "GenericError: Device 'x' not found"; empty: succeeded
};
struct QmpEvent {
  std::string name{}, data_json{};
};
using QmpMessage = std::variant<QmpGreeting, QmpReply, QmpEvent>;

// One line, without its line break.
Result<QmpMessage> parse_qmp_line(std::string_view line);

// Splits a byte stream into messages. After an error the stream cannot be used any more.
class QmpDecoder {
 public:
  void feed(std::string_view bytes);

  // The next whole message, or nullopt: feed more. kResourceExhausted when a line grows beyond
  // kLongestQmpLine. Call it until nullopt after each feed, so that the buffer stays bounded.
  Result<std::optional<QmpMessage>> next();

  bool in_mid_message() const { return read_ < buffer_.size(); }

 private:
  std::string buffer_{};
  std::size_t read_ = 0;     // before it: handed out
  std::size_t scanned_ = 0;  // before it: no line break, seen already
};

}  // namespace kata::qemu
