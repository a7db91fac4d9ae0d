// SPDX-License-Identifier: Apache-2.0
//
// The codec of rtnetlink's bytes, with good ones and with ones that no kernel sends.
#include "agent/network/netlink_message.h"

#include <doctest/doctest.h>
#include <linux/rtnetlink.h>

#include "agent/network/netlink_socket.h"

using namespace kata;
using namespace kata::agent;

namespace {

std::string attribute(std::uint16_t length, std::uint16_t type, std::string_view value) {
  const nlattr header{length, type};
  return std::string(reinterpret_cast<const char*>(&header), sizeof header).append(value);
}

std::string message(std::uint32_t length, std::uint16_t type, std::uint16_t flags,
                    std::uint32_t sequence, std::string_view payload) {
  const nlmsghdr header{length, type, flags, sequence, 0};
  return std::string(reinterpret_cast<const char*>(&header), sizeof header).append(payload);
}

std::string whole(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                  std::string_view payload) {
  return message(static_cast<std::uint32_t>(sizeof(nlmsghdr) + payload.size()), type, flags,
                 sequence, payload);
}

std::string bytes_of(std::int32_t number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string error_payload(std::int32_t number) {
  nlmsgerr error{};
  error.error = number;
  return {reinterpret_cast<const char*>(&error), sizeof error};
}

}  // namespace

TEST_CASE("a built message is read back with all its attributes") {
  MessageBuilder builder(RTM_NEWROUTE, NLM_F_CREATE, rtmsg{});
  builder.add_text(1, "abc").add_number(2, std::uint32_t{7}).add(3, "\1\2\3");
  const std::size_t nest = builder.begin_nest(4);
  builder.add_number(5, std::uint16_t{9}).end_nest(nest);
  std::string_view bytes = builder.finish(42, NLM_F_REQUEST);
  CHECK(bytes.size() % NLMSG_ALIGNTO == 0);
  const Message read = take_message(bytes).take();
  CHECK(bytes.empty());
  CHECK(read.type == RTM_NEWROUTE);
  CHECK(read.flags == (NLM_F_REQUEST | NLM_F_CREATE));
  CHECK(read.sequence == 42);
  std::string_view payload = read.payload;
  REQUIRE(take_fixed<rtmsg>(payload).ok());
  const Attributes attributes = Attributes::parse(payload).take();
  CHECK(attributes.text(1) == "abc");
  CHECK(attributes.number<std::uint32_t>(2) == 7);
  CHECK(attributes.bytes(3) == "\1\2\3");
  CHECK(attributes.text(6).empty());
  const Attributes inner = Attributes::parse(attributes.bytes(4).value()).take();
  CHECK(inner.number<std::uint16_t>(5) == 9);
}

TEST_CASE("a number of another size is no number") {
  const std::string bytes = attribute(6, 1, std::string_view("\1\2\0\0", 4));
  const Attributes attributes = Attributes::parse(bytes).take();
  CHECK(attributes.number<std::uint16_t>(1) == 0x0201);
  CHECK_FALSE(attributes.number<std::uint32_t>(1).has_value());
}

TEST_CASE("attributes of a wrong length are refused") {
  const std::string_view value("\0\0\0\0", 4);
  CHECK_FALSE(Attributes::parse(attribute(0, 1, value)).ok());
  CHECK_FALSE(Attributes::parse(attribute(3, 1, value)).ok());
  CHECK_FALSE(Attributes::parse(attribute(9, 1, value)).ok());
  CHECK_FALSE(Attributes::parse(attribute(0xffff, 1, value)).ok());
  CHECK_FALSE(Attributes::parse(value.substr(0, 3)).ok());
}

TEST_CASE("an attribute may lack the padding at the end of its message") {
  CHECK(Attributes::parse(attribute(5, 1, "x")).take().bytes(1) == "x");
}

TEST_CASE("attributes with numbers above those in use are skipped and an empty one is there") {
  const std::string bytes = attribute(4, 64, "") + attribute(4, 0x3fff, "") + attribute(4, 63, "");
  const Attributes attributes = Attributes::parse(bytes).take();
  CHECK(attributes.bytes(63).has_value());
  CHECK_FALSE(attributes.bytes(64).has_value());
  CHECK_FALSE(attributes.bytes(0).has_value());
}

TEST_CASE("messages of a wrong length are refused") {
  for (const std::uint32_t length : {0U, 15U, 21U, 0xffffffffU}) {
    CAPTURE(length);
    const std::string bytes = message(length, RTM_NEWLINK, 0, 1, "1234");
    std::string_view view = bytes;
    CHECK_FALSE(take_message(view).ok());
  }
  std::string_view half("123456789012345");
  CHECK_FALSE(take_message(half).ok());
}

TEST_CASE("a message shorter than its struct is refused") {
  std::string_view payload("12345");
  CHECK_FALSE(take_fixed<rtmsg>(payload).ok());
}

TEST_CASE("an acknowledgement without an error is success") {
  const std::string payload = error_payload(0);
  CHECK(read_acknowledgement({NLMSG_ERROR, 0, 1, payload}).ok());
  CHECK_FALSE(read_acknowledgement({NLMSG_ERROR, 0, 1, "12"}).ok());
}

TEST_CASE("a kernel's error has its number and its words") {
  const std::string words =
      error_payload(-ENETUNREACH) +
      attribute(17, NLMSGERR_ATTR_MSG, std::string_view("no such gate\0", 13));
  const auto error = read_acknowledgement({NLMSG_ERROR, NLM_F_ACK_TLVS | NLM_F_CAPPED, 1, words});
  REQUIRE_FALSE(error.ok());
  CHECK(error.error().sys_errno == ENETUNREACH);
  CHECK(error.error().message == "no such gate (Network is unreachable)");
}

TEST_CASE("an error's words stand behind the echoed request") {
  nlmsgerr error{};
  error.error = -EINVAL;
  error.msg.nlmsg_len = sizeof(nlmsghdr) + 6;
  const std::string payload = std::string(reinterpret_cast<const char*>(&error), sizeof error) +
                              std::string(8, 'x') +
                              attribute(8, NLMSGERR_ATTR_MSG, std::string_view("why\0", 4));
  const auto read = read_acknowledgement({NLMSG_ERROR, NLM_F_ACK_TLVS, 1, payload});
  CHECK(read.error().message == "why (Invalid argument)");
}

TEST_CASE("an error whose words are damaged is still that error") {
  nlmsgerr error{};
  error.error = INT32_MIN;
  error.msg.nlmsg_len = 0xffffffff;
  const std::string payload(reinterpret_cast<const char*>(&error), sizeof error);
  const auto read = read_acknowledgement({NLMSG_ERROR, NLM_F_ACK_TLVS, 1, payload + "1234567"});
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().sys_errno == EPROTO);
}

TEST_CASE("a dump takes the entries of its sequence up to its end") {
  std::vector<std::string> taken;
  const auto take = [&taken](std::string_view payload) -> Result<void> {
    taken.emplace_back(payload);
    return {};
  };
  const std::string datagram = whole(RTM_NEWLINK, 0, 1, "none") + whole(RTM_NEWLINK, 0, 2, "one.") +
                               whole(RTM_NEWADDR, 0, 2, "none") + whole(RTM_NEWLINK, 0, 2, "two.") +
                               whole(NLMSG_DONE, 0, 2, bytes_of(0)) +
                               whole(RTM_NEWLINK, 0, 2, "late");
  DumpState state;
  REQUIRE(read_dump(datagram, 2, RTM_NEWLINK, take, state).ok());
  CHECK(state.complete);
  CHECK_FALSE(state.interrupted);
  CHECK(taken == std::vector<std::string>{"one.", "two."});
}

TEST_CASE("a dump tells of an interruption and of errors") {
  const auto take = [](std::string_view) -> Result<void> { return {}; };
  DumpState state;
  REQUIRE(read_dump(whole(RTM_NEWLINK, NLM_F_DUMP_INTR, 1, ""), 1, RTM_NEWLINK, take, state).ok());
  CHECK(state.interrupted);
  CHECK_FALSE(state.complete);
  const auto failed =
      read_dump(whole(NLMSG_ERROR, 0, 1, error_payload(-EPERM)), 1, RTM_NEWLINK, take, state);
  CHECK(failed.error().sys_errno == EPERM);
  const auto at_end =
      read_dump(whole(NLMSG_DONE, 0, 1, bytes_of(-ENOMEM)), 1, RTM_NEWLINK, take, state);
  CHECK(at_end.error().sys_errno == ENOMEM);
  CHECK_FALSE(read_dump(whole(NLMSG_DONE, 0, 1, ""), 1, RTM_NEWLINK, take, state).ok());
}
