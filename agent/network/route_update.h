// SPDX-License-Identifier: Apache-2.0
//
// Replacing the guest's routes by those of the pod.
#pragma once

#include <vector>

#include "agent/network/routes.h"

namespace kata::agent {

// The order and the metrics with which the kernel takes them: routes without a gateway first,
// because a gateway must be reachable; of several routes to one destination the first is preferred
// and the others get a larger metric, because Kata's message has no metric and the kernel keeps one
// route for each. What is there twice is left out.
std::vector<Route> arranged(const std::vector<Route>& routes);

// Those of `present` that were set by hand or by an earlier call (RTPROT_BOOT) and are not wanted.
// What the kernel, router advertisements and routing programs set stays.
std::vector<Route> routes_to_remove(const std::vector<Route>& present,
                                    const std::vector<Route>& wanted);
std::vector<Route> routes_to_add(const std::vector<Route>& present,
                                 const std::vector<Route>& wanted);

// `wanted` is arranged(). The error names the route; then the routes are as they were before.
Result<void> set_routes(NetlinkSocket& socket, const std::vector<Route>& wanted);

}  // namespace kata::agent
