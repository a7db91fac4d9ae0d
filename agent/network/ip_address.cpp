// SPDX-License-Identifier: Apache-2.0
#include "agent/network/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr std::string_view kMappedPrefix("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

template <class Number>
bool parse_whole(std::string_view text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<IpAddress> parse_ip(std::string_view text) {
  IpAddress address;
  address.family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos ||
      ::inet_pton(address.family, terminated.c_str(), address.bytes.data()) != 1)
    return invalid(concat("'", text, "' is not an IP address"));
  if (address.family == AF_INET6 && address.view().starts_with(kMappedPrefix))
    return invalid(concat("'", text, "' is an IPv4 address in IPv6's form; write it as IPv4"));
  return address;
}

Result<Prefix> parse_prefix(std::string_view address, std::string_view length) {
  Prefix prefix;
  prefix.address = KATA_TRY(parse_ip(address), "");
  if (!parse_whole(length, prefix.length, 10) || prefix.length > prefix.address.bits())
    return invalid(concat("prefix length '", length, "' of '", address,
                          "' is not a number from 0 to ", prefix.address.bits()));
  return prefix;
}

Result<Mac> parse_mac(std::string_view text) {
  constexpr std::size_t kLength = 17;
  Mac mac{};
  bool valid = text.size() == kLength;
  for (std::size_t i = 0; valid && i < mac.size(); ++i) {
    const std::string_view digits = text.substr(3 * i, 2);
    valid = parse_whole(digits, mac[i], 16) && (i == 0 || text[3 * i - 1] == ':');
  }
  if (!valid)
    return invalid(concat("'", text, "' is not a hardware address like '52:54:00:12:34:56'"));
  if ((mac[0] & 1) != 0 || mac == Mac{})
    return invalid(concat("hardware address '", text, "' is not one station's"));
  return mac;
}

std::optional<IpAddress> ip_from(std::uint8_t family, std::string_view bytes) {
  IpAddress address;
  address.family = family;
  if ((family != AF_INET && family != AF_INET6) || bytes.size() != address.view().size()) return {};
  std::ranges::copy(bytes, address.bytes.begin());
  return address;
}

Prefix network_of(Prefix prefix) {
  auto& bytes = prefix.address.bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t kept = std::clamp<std::size_t>(prefix.length, 8 * i, 8 * i + 8) - 8 * i;
    bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) & (0xff00U >> kept));
  }
  return prefix;
}

bool is_link_local(const IpAddress& address) noexcept {
  return address.family == AF_INET6 && address.bytes[0] == '\xfe' &&
         (static_cast<unsigned char>(address.bytes[1]) & 0xc0U) == 0x80;
}

std::string text_of(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* const written =
      ::inet_ntop(address.family, address.bytes.data(), text.data(), text.size());
  return written == nullptr ? "" : written;
}

std::string text_of(const Prefix& prefix) {
  return concat(text_of(prefix.address), '/', prefix.length);
}

std::string text_of(const Mac& mac) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string text;
  for (const unsigned char byte : mac) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
  }
  return text;
}

}  // namespace kata::agent
