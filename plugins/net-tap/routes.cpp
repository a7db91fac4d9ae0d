// SPDX-License-Identifier: Apache-2.0
#include "routes.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include <algorithm>
#include <array>

#include "kata/concat.h"
#include "netlink.h"

namespace kata::tap {

namespace {

const Link* link_of(const std::vector<Link>& links, int index) {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [index](const Link& link) { return link.index == index; });
  return found == links.end() ? nullptr : &*found;
}

bool of_interest(rtnl_route* route) {
  const int family = rtnl_route_get_family(route);
  return (family == AF_INET || family == AF_INET6) &&
         rtnl_route_get_table(route) == RT_TABLE_MAIN &&
         rtnl_route_get_protocol(route) != RTPROT_KERNEL &&
         (rtnl_route_get_flags(route) & RTM_F_CLONED) == 0;
}

GuestRoute route_from(rtnl_route* route, rtnl_nexthop* hop, const Link& link) {
  GuestRoute out;
  const nl_addr* const destination = rtnl_route_get_dst(route);
  const unsigned prefix = destination == nullptr ? 0 : nl_addr_get_prefixlen(destination);
  out.gateway = address_text(rtnl_route_nh_get_gateway(hop));
  if (prefix != 0) {
    out.destination = concat(address_text(destination), '/', prefix);
  } else if (out.gateway.empty() && rtnl_route_get_family(route) == AF_INET6) {
    out.destination = "::/0";  // nothing else would tell its family
  }
  out.source = address_text(rtnl_route_get_pref_src(route));
  out.interface_name = link.name;
  out.scope = rtnl_route_get_scope(route);
  out.metric = rtnl_route_get_priority(route);
  out.onlink = (rtnl_route_nh_get_flags(hop) & RTNH_F_ONLINK) != 0;
  // Fails when the route has none.
  (void)rtnl_route_get_metric(route, RTAX_MTU, &out.mtu);
  return out;
}

void add_route(rtnl_route* route, const std::vector<Link>& links, std::vector<GuestRoute>& routes,
               std::vector<std::string>& skipped) {
  const int hops = rtnl_route_get_nnexthops(route);
  if (rtnl_route_get_type(route) != RTN_UNICAST || hops < 1) {
    skipped.push_back(concat("route to '", address_text(rtnl_route_get_dst(route)),
                             "' is not a unicast route; the guest does not get it"));
    return;
  }
  rtnl_nexthop* const hop = rtnl_route_nexthop_n(route, 0);
  const Link* const link = link_of(links, rtnl_route_nh_get_ifindex(hop));
  if (link == nullptr) return;
  routes.push_back(route_from(route, hop, *link));
  if (hops > 1)
    skipped.push_back(concat("route to '", routes.back().destination,
                             "' has several next hops; the guest gets the first"));
}

}  // namespace

Result<std::vector<GuestRoute>> scan_routes(nl_sock& socket, const std::vector<Link>& links,
                                            std::vector<std::string>& skipped) {
  nl_cache* filled = nullptr;
  const int code = rtnl_route_alloc_cache(&socket, AF_UNSPEC, 0, &filled);
  if (code < 0) return netlink_error("list routes", code);
  const Netlink<nl_cache> cache(filled);
  std::vector<GuestRoute> routes;
  for (nl_object* object = nl_cache_get_first(filled); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* const route = reinterpret_cast<rtnl_route*>(object);
    if (of_interest(route)) add_route(route, links, routes, skipped);
  }
  // A gateway must be reachable when its route is set.
  std::stable_partition(routes.begin(), routes.end(),
                        [](const GuestRoute& route) { return route.gateway.empty(); });
  return routes;
}

Result<std::vector<GuestNeighbor>> scan_neighbors(nl_sock& socket, const std::vector<Link>& links) {
  nl_cache* filled = nullptr;
  const int code = rtnl_neigh_alloc_cache(&socket, &filled);
  if (code < 0) return netlink_error("list neighbours", code);
  const Netlink<nl_cache> cache(filled);
  std::vector<GuestNeighbor> neighbors;
  for (nl_object* object = nl_cache_get_first(filled); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* const neighbor = reinterpret_cast<rtnl_neigh*>(object);
    const Link* const link = link_of(links, rtnl_neigh_get_ifindex(neighbor));
    const nl_addr* const mac = rtnl_neigh_get_lladdr(neighbor);
    const std::string address = address_text(rtnl_neigh_get_dst(neighbor));
    if (link == nullptr || rtnl_neigh_get_state(neighbor) != NUD_PERMANENT || address.empty() ||
        mac == nullptr || nl_addr_get_len(mac) != 6)
      continue;
    std::array<char, 32> text{};
    neighbors.push_back({address, nl_addr2str(mac, text.data(), text.size()), link->name});
  }
  return neighbors;
}

}  // namespace kata::tap
