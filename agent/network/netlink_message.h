// SPDX-License-Identifier: Apache-2.0
//
// rtnetlink's bytes: a message is a header, a fixed struct and attributes. Building is typed by the
// caller's numbers; reading checks every length before it is used, for the reader is tested with
// bytes that no kernel sends.
#pragma once

#include <linux/netlink.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::agent {

class MessageBuilder {
 public:
  // `fixed` is the struct of that type of message: ifinfomsg, ifaddrmsg, rtmsg, ndmsg.
  template <class Fixed>
  MessageBuilder(std::uint16_t type, std::uint16_t flags, const Fixed& fixed)
      : MessageBuilder(type, flags,
                       std::string_view(reinterpret_cast<const char*>(&fixed), sizeof fixed)) {}
  MessageBuilder(std::uint16_t type, std::uint16_t flags, std::string_view fixed);

  // Values are at most 64 bytes: addresses, names, numbers.
  MessageBuilder& add(std::uint16_t attribute, std::string_view value);
  MessageBuilder& add_text(std::uint16_t attribute, const std::string& value);  // NUL-terminated
  template <std::integral Number>
  MessageBuilder& add_number(std::uint16_t attribute, Number value) {
    return add(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
  }

  // Puts what the enclosed calls add into one attribute.
  std::size_t begin_nest(std::uint16_t attribute);
  void end_nest(std::size_t start);

  // The whole message; `sequence` tells its answers from others, `flags` are added to its own.
  std::string_view finish(std::uint32_t sequence, std::uint16_t flags);

 private:
  std::string bytes_;
};

struct Message {
  std::uint16_t type = 0, flags = 0;
  std::uint32_t sequence = 0;
  std::string_view payload{};
};

// Removes the first message from `bytes`, which is not empty.
Result<Message> take_message(std::string_view& bytes);

// Removes the fixed struct from `payload`.
template <class Fixed>
Result<Fixed> take_fixed(std::string_view& payload) {
  if (payload.size() < sizeof(Fixed))
    return make_error(ErrorCode::kInternal, "a netlink message is too short for its type");
  Fixed fixed;
  std::memcpy(&fixed, payload.data(), sizeof fixed);
  payload.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(sizeof fixed), payload.size()));
  return fixed;
}

// The attributes of one level, by number. Those above kLargest are skipped; of several with one
// number the last counts, as in the kernel.
class Attributes {
 public:
  static Result<Attributes> parse(std::string_view bytes);

  std::optional<std::string_view> bytes(std::uint16_t attribute) const;
  // Nothing as well when the attribute has another size than a Number.
  template <std::integral Number>
  std::optional<Number> number(std::uint16_t attribute) const {
    const auto value = bytes(attribute);
    if (!value || value->size() != sizeof(Number)) return {};
    Number number;
    std::memcpy(&number, value->data(), sizeof number);
    return number;
  }
  std::string text(std::uint16_t attribute) const;  // up to its NUL; empty when there is none

 private:
  static constexpr std::size_t kLargest = 63;
  std::array<std::string_view, kLargest + 1> values_{};
};

// The error of an NLMSG_ERROR message, with the kernel's own words where it sent some; no error is
// an acknowledgement.
Result<void> read_acknowledgement(const Message& message);

}  // namespace kata::agent
