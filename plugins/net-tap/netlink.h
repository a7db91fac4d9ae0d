// SPDX-License-Identifier: Apache-2.0
//
// libnl with owners and errors of ours. A socket belongs to the namespace of the thread that opened
// it.
#pragma once

#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/action.h>
#include <netlink/route/classifier.h>
#include <netlink/route/link.h>
#include <netlink/route/qdisc.h>

#include <memory>
#include <string>

#include "kata/result.h"

namespace kata::tap {

struct NetlinkFree {
  void operator()(nl_sock* socket) const noexcept { nl_socket_free(socket); }
  void operator()(nl_cache* cache) const noexcept { nl_cache_free(cache); }
  void operator()(rtnl_link* link) const noexcept { rtnl_link_put(link); }
  void operator()(rtnl_qdisc* qdisc) const noexcept { rtnl_qdisc_put(qdisc); }
  void operator()(rtnl_cls* filter) const noexcept { rtnl_cls_put(filter); }
  void operator()(rtnl_act* action) const noexcept { rtnl_act_put(action); }
};
template <class T>
using Netlink = std::unique_ptr<T, NetlinkFree>;

Result<Netlink<nl_sock>> open_netlink();

// "<action>: <libnl's text>"; `code` is what a call of libnl returned.
Error netlink_error(const std::string& action, int code);

// Empty when the link is gone.
Result<Netlink<rtnl_link>> find_link(nl_sock& socket, int index);
std::string mac_of(rtnl_link& link);  // "02:00:00:00:00:01", or empty

std::string address_text(const nl_addr* address);  // without a prefix length; empty for none

// A link's name, fit for a message: its owner chose it.
std::string printable(std::string_view name);

}  // namespace kata::tap
