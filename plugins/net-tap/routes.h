// SPDX-License-Identifier: Apache-2.0
//
// Routes and neighbours of the calling thread's namespace that the guest must be told of: those
// that its own kernel would not make from the addresses.
#pragma once

#include <vector>

#include "kata/plugin/network.h"
#include "link.h"

namespace kata::tap {

// Of the main table, without the kernel's own; routes to a link before those that need them.
// `skipped` gets a sentence for each route that has no like in GuestRoute.
Result<std::vector<GuestRoute>> scan_routes(nl_sock& socket, const std::vector<Link>& links,
                                            std::vector<std::string>& skipped);

Result<std::vector<GuestNeighbor>> scan_neighbors(nl_sock& socket, const std::vector<Link>& links);

}  // namespace kata::tap
