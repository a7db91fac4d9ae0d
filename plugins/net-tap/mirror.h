// SPDX-License-Identifier: Apache-2.0
//
// Every frame that arrives at one link leaves by another: an ingress qdisc, and a u32 filter in it
// that matches all and redirects. (Not matchall, which not every kernel has.)
#pragma once

#include <netlink/netlink.h>

#include "kata/result.h"

namespace kata::tap {

// An ingress or clsact qdisc, anybody's: a link has room for one.
Result<bool> has_ingress(nl_sock& socket, int link);

// Fails when the link has one. A link that another process is changing is tried again for 150 ms.
Result<void> add_ingress(nl_sock& socket, int link);
Result<void> redirect(nl_sock& socket, int from, int to);  // both are link indices

// With its filters; nothing there is success.
Result<void> remove_ingress(nl_sock& socket, int link);

}  // namespace kata::tap
