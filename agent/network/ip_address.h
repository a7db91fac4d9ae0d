// SPDX-License-Identifier: Apache-2.0
//
// IP and hardware addresses as values, and their texts.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::agent {

struct IpAddress {
  std::uint8_t family = AF_INET;  // or AF_INET6
  std::array<char, 16> bytes{};   // network order; IPv4 uses the first four
  friend bool operator==(const IpAddress&, const IpAddress&) = default;

  std::string_view view() const noexcept { return {bytes.data(), family == AF_INET6 ? 16U : 4U}; }
  std::uint8_t bits() const noexcept { return family == AF_INET6 ? 128 : 32; }
};

struct Prefix {
  IpAddress address{};
  std::uint8_t length = 0;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

using Mac = std::array<unsigned char, 6>;

// IPv4-mapped IPv6 addresses are refused: no route of the guest would match them.
Result<IpAddress> parse_ip(std::string_view text);

// `length` in decimal digits, from 0 to the number of bits of the address.
Result<Prefix> parse_prefix(std::string_view address, std::string_view length);

// "52:54:00:12:34:56", of a single station and not all zero.
Result<Mac> parse_mac(std::string_view text);

// Nothing when `bytes` has another size than an address of that family.
std::optional<IpAddress> ip_from(std::uint8_t family, std::string_view bytes);

// With the bits after the prefix cleared.
Prefix network_of(Prefix prefix);

bool is_link_local(const IpAddress& address) noexcept;  // IPv6's fe80::/10

std::string text_of(const IpAddress& address);
std::string text_of(const Prefix& prefix);  // "10.0.0.0/8"
std::string text_of(const Mac& mac);        // upper case, as Kata's agent writes it

}  // namespace kata::agent
