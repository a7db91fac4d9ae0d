// SPDX-License-Identifier: Apache-2.0
#include "agent/network/neighbors.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

namespace kata::agent {

Result<void> set_neighbor(NetlinkSocket& socket, int link_index, const Neighbor& neighbor) {
  ndmsg fixed{};
  fixed.ndm_family = neighbor.address.family;
  fixed.ndm_ifindex = link_index;
  fixed.ndm_state = neighbor.state;
  fixed.ndm_flags = neighbor.flags;
  MessageBuilder request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, fixed);
  request.add(NDA_DST, neighbor.address.view());
  if (neighbor.mac)
    request.add(NDA_LLADDR,
                {reinterpret_cast<const char*>(neighbor.mac->data()), neighbor.mac->size()});
  return socket.change(request);
}

}  // namespace kata::agent
