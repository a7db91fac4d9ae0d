// SPDX-License-Identifier: Apache-2.0
#include "agent/network/addresses.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "kata/concat.h"

namespace kata::agent {
namespace {

bool contains(const std::vector<Prefix>& list, const Prefix& prefix) {
  return std::ranges::find(list, prefix) != list.end();
}

ifaddrmsg fixed_part(int link_index, const Prefix& prefix) {
  ifaddrmsg fixed{};
  fixed.ifa_family = prefix.address.family;
  fixed.ifa_prefixlen = prefix.length;
  fixed.ifa_index = static_cast<std::uint32_t>(link_index);
  if (is_link_local(prefix.address)) fixed.ifa_scope = RT_SCOPE_LINK;
  return fixed;
}

// All ones after the prefix.
IpAddress broadcast_of(const Prefix& prefix) {
  const Prefix network = network_of(prefix);
  IpAddress broadcast = network.address;
  for (unsigned bit = prefix.length; bit < broadcast.bits(); ++bit)
    broadcast.bytes[bit / 8] = static_cast<char>(broadcast.bytes[bit / 8] | (0x80 >> bit % 8));
  return broadcast;
}

Result<void> add_address(NetlinkSocket& socket, int link_index, const Prefix& prefix) {
  constexpr std::uint8_t kPointToPoint = 31;  // from here on there is no broadcast address
  MessageBuilder request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, fixed_part(link_index, prefix));
  request.add(IFA_LOCAL, prefix.address.view()).add(IFA_ADDRESS, prefix.address.view());
  if (prefix.address.family == AF_INET6)
    request.add_number(IFA_FLAGS, std::uint32_t{IFA_F_NODAD});
  else if (prefix.length < kPointToPoint)
    request.add(IFA_BROADCAST, broadcast_of(prefix).view());
  return socket.change(request);
}

Result<void> remove_address(NetlinkSocket& socket, int link_index, const Prefix& prefix) {
  MessageBuilder request(RTM_DELADDR, 0, fixed_part(link_index, prefix));
  request.add(IFA_LOCAL, prefix.address.view());
  auto removed = socket.change(request);
  // It went with the primary address that it belonged to.
  if (!removed.ok() && removed.error().sys_errno == EADDRNOTAVAIL) return {};
  return removed;
}

Result<std::vector<Prefix>> addresses_of(NetlinkSocket& socket, int link_index) {
  std::vector<Prefix> found;
  for (const LinkAddress& address : KATA_TRY(list_addresses(socket), ""))
    if (address.link_index == link_index) found.push_back(address.prefix);
  return found;
}

}  // namespace

Result<std::optional<LinkAddress>> decode_address(std::string_view payload) {
  const auto fixed = KATA_TRY(take_fixed<ifaddrmsg>(payload), "");
  const Attributes attributes = KATA_TRY(Attributes::parse(payload), "");
  // IFA_ADDRESS is the peer's on a point-to-point link, which then has IFA_LOCAL too.
  auto bytes = attributes.bytes(IFA_LOCAL);
  if (!bytes) bytes = attributes.bytes(IFA_ADDRESS);
  const auto address = ip_from(fixed.ifa_family, bytes.value_or(std::string_view()));
  if (!address || fixed.ifa_prefixlen > address->bits()) return std::optional<LinkAddress>();
  return std::optional(
      LinkAddress{static_cast<int>(fixed.ifa_index), {*address, fixed.ifa_prefixlen}});
}

Result<std::vector<LinkAddress>> list_addresses(NetlinkSocket& socket) {
  std::vector<LinkAddress> addresses;
  MessageBuilder request(RTM_GETADDR, 0, ifaddrmsg{});
  const auto add = [&addresses](std::string_view payload) -> Result<void> {
    if (const auto address = KATA_TRY(decode_address(payload), "")) addresses.push_back(*address);
    return {};
  };
  KATA_TRY(socket.dump(
               request, RTM_NEWADDR, [&addresses] { addresses.clear(); }, add),
           "list addresses");
  return addresses;
}

std::vector<Prefix> addresses_to_remove(const std::vector<Prefix>& present,
                                        const std::vector<Prefix>& wanted) {
  std::vector<Prefix> surplus;
  for (const Prefix& prefix : present)
    if (!contains(wanted, prefix) && !is_link_local(prefix.address)) surplus.push_back(prefix);
  return surplus;
}

std::vector<Prefix> addresses_to_add(const std::vector<Prefix>& present,
                                     const std::vector<Prefix>& wanted) {
  std::vector<Prefix> missing;
  for (const Prefix& prefix : wanted)
    if (!contains(present, prefix) && !contains(missing, prefix)) missing.push_back(prefix);
  return missing;
}

Result<void> set_addresses(NetlinkSocket& socket, int link_index,
                           const std::vector<Prefix>& wanted) {
  std::vector<Prefix> present = KATA_TRY(addresses_of(socket, link_index), "");
  const std::vector<Prefix> surplus = addresses_to_remove(present, wanted);
  for (const Prefix& prefix : surplus)
    KATA_TRY(remove_address(socket, link_index, prefix),
             concat("remove address '", text_of(prefix), "'"));
  // With a primary address its secondary ones go, wanted or not.
  if (!surplus.empty()) present = KATA_TRY(addresses_of(socket, link_index), "");
  for (const Prefix& prefix : addresses_to_add(present, wanted))
    KATA_TRY(add_address(socket, link_index, prefix),
             concat("add address '", text_of(prefix), "'"));
  return {};
}

}  // namespace kata::agent
