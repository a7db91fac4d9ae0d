// SPDX-License-Identifier: Apache-2.0
#include "agent/network/ip_address.h"

#include <doctest/doctest.h>

using namespace kata;
using namespace kata::agent;

TEST_CASE("IP addresses survive the way to values and back") {
  for (const char* text :
       {"10.0.0.1", "255.255.255.255", "0.0.0.0", "::", "fe80::1", "2001:db8::ff"}) {
    CAPTURE(text);
    const auto address = parse_ip(text);
    REQUIRE(address.ok());
    CHECK(text_of(address.value()) == text);
  }
}

TEST_CASE("what is no IP address is refused by its text") {
  for (const std::string& text :
       {std::string(), std::string("10.0.0"), std::string("10.0.0.256"), std::string("10.0.0.1/24"),
        std::string(" 10.0.0.1"), std::string("10.0.0.1\0", 9), std::string("fe80::1%eth0"),
        std::string("1:2"), std::string(5000, ':')}) {
    CAPTURE(text);
    const auto address = parse_ip(text);
    REQUIRE_FALSE(address.ok());
    CHECK(address.error().code == ErrorCode::kInvalidArgument);
    CHECK(address.error().message.find("is not an IP address") != std::string::npos);
  }
}

TEST_CASE("an IPv4 address in the form of IPv6 is refused with advice") {
  const auto address = parse_ip("::ffff:10.0.0.1");
  REQUIRE_FALSE(address.ok());
  CHECK(address.error().message.find("write it as IPv4") != std::string::npos);
}

TEST_CASE("a prefix length is a decimal number up to the bits of its address") {
  CHECK(parse_prefix("10.0.0.1", "0").ok());
  CHECK(parse_prefix("10.0.0.1", "32").ok());
  CHECK(parse_prefix("fe80::1", "128").ok());
  for (const char* length : {"", "33", "-1", "+8", "8 ", "0x8", "255.255.255.0", "4294967304"}) {
    CAPTURE(length);
    const auto prefix = parse_prefix("10.0.0.1", length);
    REQUIRE_FALSE(prefix.ok());
    CHECK(prefix.error().message.find("from 0 to 32") != std::string::npos);
  }
  CHECK_FALSE(parse_prefix("fe80::1", "129").ok());
}

TEST_CASE("the network of a prefix has no bits of the host") {
  const auto network = [](const char* address, const char* length) {
    return text_of(network_of(parse_prefix(address, length).take()));
  };
  CHECK(network("10.1.2.255", "8") == "10.0.0.0/8");
  CHECK(network("10.1.2.255", "25") == "10.1.2.128/25");
  CHECK(network("10.1.2.255", "32") == "10.1.2.255/32");
  CHECK(network("10.1.2.255", "0") == "0.0.0.0/0");
  CHECK(network("2001:db8:ffff::1", "36") == "2001:db8:f000::/36");
}

TEST_CASE("hardware addresses are read in either case and written in upper case") {
  CHECK(text_of(parse_mac("52:54:00:aB:cD:eF").take()) == "52:54:00:AB:CD:EF");
}

TEST_CASE("what is no hardware address of a station is refused") {
  for (const char* text :
       {"", "52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:5g", "52-54-00-12-34-56",
        "52:54:00:12:34:56:78", "5:254:00:12:34:56", "+2:54:00:12:34:56", "01:00:5e:00:00:01",
        "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"}) {
    CAPTURE(text);
    const auto mac = parse_mac(text);
    REQUIRE_FALSE(mac.ok());
    CHECK(mac.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("link-local is an IPv6 property of ten bits") {
  CHECK(is_link_local(parse_ip("fe80::1").value()));
  CHECK(is_link_local(parse_ip("febf::1").value()));
  CHECK_FALSE(is_link_local(parse_ip("fec0::1").value()));
  CHECK_FALSE(is_link_local(parse_ip("169.254.1.1").value()));
}

TEST_CASE("bytes become an address only in the size of its family") {
  CHECK(text_of(*ip_from(AF_INET, std::string_view("\x0a\0\0\1", 4))) == "10.0.0.1");
  CHECK_FALSE(ip_from(AF_INET, "123").has_value());
  CHECK_FALSE(ip_from(AF_INET6, "1234").has_value());
  CHECK_FALSE(ip_from(AF_UNIX, "1234").has_value());
}
