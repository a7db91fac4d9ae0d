// SPDX-License-Identifier: Apache-2.0
#include "agent/network/route_update.h"

#include <linux/rtnetlink.h>

#include <algorithm>

#include "core/base/log.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr std::uint32_t kIpv6Metric = 1024;  // what the kernel makes of none

bool contains(const std::vector<Route>& list, const Route& route) {
  return std::ranges::any_of(list,
                             [&route](const Route& other) { return is_same_route(route, other); });
}

// The kernel sets the route to an address's network itself, IPv6's with a metric of its own.
bool comes_with_address(const std::vector<Route>& present, const Route& route) {
  return std::ranges::any_of(present, [&route](Route other) {
    other.metric = route.metric;
    return other.protocol == RTPROT_KERNEL && is_same_route(route, other);
  });
}

std::vector<Route> gateways_last(const std::vector<Route>& routes) {
  std::vector<Route> order;
  for (const bool with_gateway : {false, true})
    for (const Route& route : routes)
      if (route.gateway.has_value() == with_gateway) order.push_back(route);
  return order;
}

void restore(NetlinkSocket& socket, const std::vector<Route>& before) {
  const auto now = list_routes(socket);
  bool whole = now.ok();
  if (whole) {
    for (const Route& route : routes_to_remove(now.value(), before))
      whole = remove_route(socket, route).ok() && whole;
    for (const Route& route : routes_to_add(now.value(), gateways_last(before)))
      whole = add_route(socket, route).ok() && whole;
  }
  if (!whole) log::warn("the routes are not all as they were before a failed update");
}

Result<void> change_routes(NetlinkSocket& socket, const std::vector<Route>& present,
                           const std::vector<Route>& wanted) {
  for (const Route& route : routes_to_add(present, wanted))
    KATA_TRY(add_route(socket, route), concat("add route ", describe(route)));
  // Listed anew: adding has replaced some, and to the kernel a removal without a metric means any.
  for (const Route& route : routes_to_remove(KATA_TRY(list_routes(socket), ""), wanted))
    KATA_TRY(remove_route(socket, route), concat("remove route ", describe(route)));
  return {};
}

}  // namespace

std::vector<Route> arranged(const std::vector<Route>& routes) {
  std::vector<Route> order;
  for (const Route& route : routes)
    if (!contains(order, route)) order.push_back(route);
  for (auto route = order.begin(); route != order.end(); ++route) {
    const auto rivals = std::count_if(order.begin(), route, [&](const Route& earlier) {
      return earlier.destination == route->destination;
    });
    const bool is_ipv6 = route->destination.address.family == AF_INET6;
    route->metric = (is_ipv6 ? kIpv6Metric : 0) + static_cast<std::uint32_t>(rivals);
  }
  return gateways_last(order);
}

std::vector<Route> routes_to_remove(const std::vector<Route>& present,
                                    const std::vector<Route>& wanted) {
  std::vector<Route> surplus;
  for (const Route& route : present)
    if (route.protocol == RTPROT_BOOT && !contains(wanted, route)) surplus.push_back(route);
  return surplus;
}

std::vector<Route> routes_to_add(const std::vector<Route>& present,
                                 const std::vector<Route>& wanted) {
  std::vector<Route> missing;
  for (const Route& route : wanted)
    if (!contains(present, route) && !comes_with_address(present, route)) missing.push_back(route);
  return missing;
}

Result<void> set_routes(NetlinkSocket& socket, const std::vector<Route>& wanted) {
  const std::vector<Route> present = KATA_TRY(list_routes(socket), "");
  auto changed = change_routes(socket, present, wanted);
  if (!changed.ok()) restore(socket, present);
  return changed;
}

}  // namespace kata::agent
