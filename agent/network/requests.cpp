// SPDX-License-Identifier: Apache-2.0
#include "agent/network/requests.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <limits>

#include "kata/concat.h"

namespace kata::agent {
namespace {

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

template <class Narrow, class Wide>
Result<Narrow> narrow(Wide value, const char* field) {
  constexpr Narrow kLargest = std::numeric_limits<Narrow>::max();
  if (!std::in_range<Narrow>(value))
    return invalid(concat(field, ' ', value, " is not from 0 to ", kLargest));
  return static_cast<Narrow>(value);
}

Result<std::string> link_name(const std::string& name, const char* field) {
  if (is_link_name(name)) return name;
  return invalid(concat(field, " '", name,
                        "' is not a link's name: 1 to 15 bytes without spaces, '/', ':' and '%'"));
}

// "", "10.0.0.0/8" and "10.0.0.1", which is a route to that address alone.
Result<Prefix> destination(const types::Route& message) {
  const std::string& text = message.dest();
  if (text.empty()) {
    const bool by_gateway = message.gateway().find(':') != std::string::npos;
    Prefix any;
    if (by_gateway || message.family() == types::IPFamily::v6) any.address.family = AF_INET6;
    return any;
  }
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos)
    return network_of(KATA_TRY(parse_prefix(text.substr(0, slash), text.substr(slash + 1)), ""));
  const IpAddress address = KATA_TRY(parse_ip(text), "");
  return Prefix{address, address.bits()};
}

Result<std::optional<IpAddress>> optional_ip(const std::string& text) {
  if (text.empty()) return std::optional<IpAddress>();
  return std::optional(KATA_TRY(parse_ip(text), ""));
}

std::string name_of(const std::vector<Link>& links, int index) {
  const auto found = std::ranges::find(links, index, &Link::index);
  return found == links.end() ? "" : found->name;
}

types::IPFamily family_of(const IpAddress& address) {
  return address.family == AF_INET6 ? types::IPFamily::v6 : types::IPFamily::v4;
}

Result<Route> checked_route(const types::Route& message, const std::vector<Link>& links) {
  Route route;
  route.destination = KATA_TRY(destination(message), "dest");
  route.gateway = KATA_TRY(optional_ip(message.gateway()), "gateway");
  // Kata's hosts send a bare address; one of the forms with a length means the same.
  const std::string& source = message.source();
  route.source = KATA_TRY(optional_ip(source.substr(0, source.find('/'))), "source");
  const std::uint8_t family = route.destination.address.family;
  if (route.source && route.source->family != family)
    return invalid(concat("source '", source, "' is not of the destination's family"));
  if (family == AF_INET6 && route.gateway && route.gateway->family != family)
    return invalid(concat("gateway '", message.gateway(), "' is not an IPv6 address"));
  route.link_index = KATA_TRY(link_called(links, message.device()), "device")->index;
  route.mtu = message.mtu();
  route.scope = KATA_TRY(narrow<std::uint8_t>(message.scope(), "scope"), "");
  // The kernel finds no gateway behind a direct route of scope 0, which is what a host means that
  // sets none.
  if (family == AF_INET && !route.gateway && route.scope == RT_SCOPE_UNIVERSE)
    route.scope = RT_SCOPE_LINK;
  route.protocol = RTPROT_BOOT;
  route.onlink = route.gateway && (message.flags() & RTNH_F_ONLINK) != 0;
  return route;
}

}  // namespace

Result<InterfaceRequest> interface_request(const types::Interface& message) {
  InterfaceRequest request;
  request.pci_path = message.devicepath();
  if (!message.hwaddr().empty()) request.mac = KATA_TRY(parse_mac(message.hwaddr()), "hwAddr");
  if (!message.name().empty()) request.name = KATA_TRY(link_name(message.name(), "name"), "");
  if (request.pci_path.empty() && !request.mac && request.name.empty())
    return invalid("none of devicePath, hwAddr and name says which interface is meant");
  request.mtu =
      static_cast<std::uint32_t>(KATA_TRY(narrow<std::int32_t>(message.mtu(), "mtu"), ""));
  request.no_arp = (message.raw_flags() & IFF_NOARP) != 0;
  for (const types::IPAddress& address : message.ipaddresses())
    request.addresses.push_back(
        KATA_TRY(parse_prefix(address.address(), address.mask()), "IPAddresses"));
  return request;
}

Result<Route> route_request(const types::Route& message, const std::vector<Link>& links) {
  const std::string& dest = message.dest();
  return KATA_TRY(checked_route(message, links),
                  concat("route to '", dest.empty() ? "default" : dest, "'"));
}

Result<Neighbor> neighbor_request(const types::ARPNeighbor& message) {
  constexpr std::int32_t kStates = 0xff;  // NUD_INCOMPLETE to NUD_PERMANENT
  Neighbor neighbor;
  neighbor.address = KATA_TRY(parse_ip(message.toipaddress().address()), "toIPAddress");
  neighbor.link_name = KATA_TRY(link_name(message.device(), "device"), "");
  if (!message.lladdr().empty()) neighbor.mac = KATA_TRY(parse_mac(message.lladdr()), "lladdr");
  neighbor.flags = KATA_TRY(narrow<std::uint8_t>(message.flags(), "flags"), "");
  if (message.state() < 0 || message.state() > kStates)
    return invalid(concat("state ", message.state(), " is not a set of NUD bits, 0 to 255"));
  neighbor.state =
      static_cast<std::uint16_t>(message.state() == 0 ? NUD_PERMANENT : message.state());
  if (!neighbor.mac && (neighbor.flags & NTF_PROXY) == 0 && (neighbor.state & NUD_NOARP) == 0)
    return invalid(concat("neighbour '", message.toipaddress().address(), "' has no lladdr"));
  return neighbor;
}

types::Interface interface_message(const Link& link, const std::vector<LinkAddress>& addresses) {
  types::Interface message;
  message.set_name(link.name);
  message.set_mtu(link.mtu);
  if (link.mac) message.set_hwaddr(text_of(*link.mac));
  message.set_raw_flags(link.flags & IFF_NOARP);
  for (const LinkAddress& address : addresses) {
    if (address.link_index != link.index) continue;
    types::IPAddress& out = *message.add_ipaddresses();
    out.set_family(family_of(address.prefix.address));
    out.set_address(text_of(address.prefix.address));
    out.set_mask(std::to_string(address.prefix.length));
  }
  return message;
}

types::Route route_message(const Route& route, const std::vector<Link>& links) {
  types::Route message;
  message.set_dest(text_of(route.destination));
  message.set_family(family_of(route.destination.address));
  if (route.gateway) message.set_gateway(text_of(*route.gateway));
  if (route.source) message.set_source(text_of(*route.source));
  message.set_device(name_of(links, route.link_index));
  message.set_scope(route.scope);
  message.set_mtu(route.mtu);
  if (route.onlink) message.set_flags(RTNH_F_ONLINK);
  return message;
}

}  // namespace kata::agent
