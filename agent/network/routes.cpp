// SPDX-License-Identifier: Apache-2.0
#include "agent/network/routes.h"

#include <linux/rtnetlink.h>

#include "kata/concat.h"

namespace kata::agent {
namespace {

// RTA_VIA: a gateway of the other family, as struct rtvia has it.
std::string via_bytes(const IpAddress& gateway) {
  const std::uint16_t family = gateway.family;
  std::string bytes(reinterpret_cast<const char*>(&family), sizeof family);
  return bytes.append(gateway.view());
}

std::optional<IpAddress> gateway_of(const Attributes& attributes, std::uint8_t family) {
  if (const auto bytes = attributes.bytes(RTA_GATEWAY)) return ip_from(family, *bytes);
  const auto via = attributes.bytes(RTA_VIA);
  std::uint16_t via_family = 0;
  if (!via || via->size() < sizeof via_family) return {};
  std::memcpy(&via_family, via->data(), sizeof via_family);
  return ip_from(static_cast<std::uint8_t>(via_family), via->substr(sizeof via_family));
}

Result<std::uint32_t> mtu_of(const Attributes& attributes) {
  const auto metrics = attributes.bytes(RTA_METRICS);
  if (!metrics) return std::uint32_t{0};
  const Attributes inner = KATA_TRY(Attributes::parse(*metrics), "");
  return inner.number<std::uint32_t>(RTAX_MTU).value_or(0);
}

bool is_of_interest(const rtmsg& fixed, const Attributes& attributes) {
  const std::uint32_t table = attributes.number<std::uint32_t>(RTA_TABLE).value_or(fixed.rtm_table);
  return table == RT_TABLE_MAIN && fixed.rtm_type == RTN_UNICAST && fixed.rtm_tos == 0 &&
         (fixed.rtm_flags & RTM_F_CLONED) == 0 && !attributes.bytes(RTA_MULTIPATH);
}

// The zero address stands for the destination of a default route.
std::optional<Prefix> destination_of(const rtmsg& fixed, const Attributes& attributes) {
  IpAddress any;
  any.family = fixed.rtm_family;
  const auto address = ip_from(fixed.rtm_family, attributes.bytes(RTA_DST).value_or(any.view()));
  if (!address || fixed.rtm_dst_len > address->bits()) return {};
  return Prefix{*address, fixed.rtm_dst_len};
}

MessageBuilder route_message(std::uint16_t type, std::uint16_t flags, const Route& route) {
  rtmsg fixed{};
  fixed.rtm_family = route.destination.address.family;
  fixed.rtm_dst_len = route.destination.length;
  fixed.rtm_table = RT_TABLE_MAIN;
  fixed.rtm_protocol = route.protocol;
  fixed.rtm_scope = route.scope;
  fixed.rtm_type = RTN_UNICAST;
  fixed.rtm_flags = route.onlink ? RTNH_F_ONLINK : 0;
  MessageBuilder request(type, flags, fixed);
  if (route.destination.length != 0) request.add(RTA_DST, route.destination.address.view());
  if (route.gateway && route.gateway->family == fixed.rtm_family)
    request.add(RTA_GATEWAY, route.gateway->view());
  else if (route.gateway)
    request.add(RTA_VIA, via_bytes(*route.gateway));
  if (route.source) request.add(RTA_PREFSRC, route.source->view());
  request.add_number(RTA_OIF, route.link_index);
  if (route.metric != 0) request.add_number(RTA_PRIORITY, route.metric);
  if (route.mtu != 0) {
    const std::size_t metrics = request.begin_nest(RTA_METRICS);
    request.add_number(RTAX_MTU, route.mtu).end_nest(metrics);
  }
  return request;
}

}  // namespace

Result<std::optional<Route>> decode_route(std::string_view payload) {
  const auto fixed = KATA_TRY(take_fixed<rtmsg>(payload), "");
  const Attributes attributes = KATA_TRY(Attributes::parse(payload), "");
  const auto destination = destination_of(fixed, attributes);
  if (!destination || !is_of_interest(fixed, attributes)) return std::optional<Route>();
  Route route;
  route.destination = *destination;
  route.gateway = gateway_of(attributes, fixed.rtm_family);
  if (const auto source = attributes.bytes(RTA_PREFSRC))
    route.source = ip_from(fixed.rtm_family, *source);
  route.link_index = attributes.number<std::int32_t>(RTA_OIF).value_or(0);
  route.metric = attributes.number<std::uint32_t>(RTA_PRIORITY).value_or(0);
  route.mtu = KATA_TRY(mtu_of(attributes), "");
  route.scope = fixed.rtm_scope;
  route.protocol = fixed.rtm_protocol;
  route.onlink = (fixed.rtm_flags & RTNH_F_ONLINK) != 0;
  return std::optional(route);
}

Result<std::vector<Route>> list_routes(NetlinkSocket& socket) {
  std::vector<Route> routes;
  MessageBuilder request(RTM_GETROUTE, 0, rtmsg{});
  const auto add = [&routes](std::string_view payload) -> Result<void> {
    if (const auto route = KATA_TRY(decode_route(payload), "")) routes.push_back(*route);
    return {};
  };
  KATA_TRY(socket.dump(
               request, RTM_NEWROUTE, [&routes] { routes.clear(); }, add),
           "list routes");
  return routes;
}

Result<void> add_route(NetlinkSocket& socket, const Route& route) {
  MessageBuilder request = route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
  return socket.change(request);
}

Result<void> remove_route(NetlinkSocket& socket, const Route& route) {
  MessageBuilder request = route_message(RTM_DELROUTE, 0, route);
  return socket.change(request);
}

bool is_same_route(const Route& one, const Route& other) {
  const bool scope_counts = one.destination.address.family == AF_INET;
  return one.destination == other.destination && one.gateway == other.gateway &&
         one.source == other.source && one.link_index == other.link_index &&
         one.metric == other.metric && one.mtu == other.mtu && one.onlink == other.onlink &&
         (!scope_counts || one.scope == other.scope);
}

std::string describe(const Route& route) {
  std::string text = concat("'", text_of(route.destination), "'");
  if (route.gateway) text += concat(" via '", text_of(*route.gateway), "'");
  return text;
}

}  // namespace kata::agent
