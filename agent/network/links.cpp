// SPDX-License-Identifier: Apache-2.0
#include "agent/network/links.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>

#include "agent/utf8.h"
#include "kata/concat.h"

namespace kata::agent {

namespace {

// A container may give a link any name, and one that is not UTF-8 would spoil the whole reply.
std::string readable(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::size_t length = utf8_sequence(name);
    out += length == 0 ? "?" : name.substr(0, length);
    name.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace

Result<Link> decode_link(std::string_view payload) {
  const auto fixed = KATA_TRY(take_fixed<ifinfomsg>(payload), "");
  const Attributes attributes = KATA_TRY(Attributes::parse(payload), "");
  Link link;
  link.index = fixed.ifi_index;
  link.flags = fixed.ifi_flags;
  link.name = readable(attributes.text(IFLA_IFNAME));
  link.mtu = attributes.number<std::uint32_t>(IFLA_MTU).value_or(0);
  link.smallest_mtu = attributes.number<std::uint32_t>(IFLA_MIN_MTU).value_or(0);
  link.largest_mtu = attributes.number<std::uint32_t>(IFLA_MAX_MTU).value_or(0);
  const auto mac = attributes.bytes(IFLA_ADDRESS);
  if (mac && mac->size() == Mac{}.size() &&
      (fixed.ifi_type == ARPHRD_ETHER || fixed.ifi_type == ARPHRD_LOOPBACK))
    std::ranges::copy(*mac, link.mac.emplace().begin());
  return link;
}

Result<std::vector<Link>> list_links(NetlinkSocket& socket) {
  std::vector<Link> links;
  MessageBuilder request(RTM_GETLINK, 0, ifinfomsg{});
  const auto add = [&links](std::string_view payload) -> Result<void> {
    links.push_back(KATA_TRY(decode_link(payload), ""));
    return {};
  };
  KATA_TRY(socket.dump(
               request, RTM_NEWLINK, [&links] { links.clear(); }, add),
           "list links");
  return links;
}

Result<void> change_link(NetlinkSocket& socket, int index, const LinkChange& change) {
  ifinfomsg fixed{};
  fixed.ifi_index = index;
  fixed.ifi_flags = change.flags;
  fixed.ifi_change = change.flag_mask;
  MessageBuilder request(RTM_NEWLINK, 0, fixed);
  if (change.name) request.add_text(IFLA_IFNAME, *change.name);
  if (change.mac)
    request.add(IFLA_ADDRESS,
                {reinterpret_cast<const char*>(change.mac->data()), change.mac->size()});
  if (change.mtu) request.add_number(IFLA_MTU, *change.mtu);
  return socket.change(request);
}

Result<void> change_link_briefly_down(NetlinkSocket& socket, const Link& link,
                                      const LinkChange& change) {
  auto changed = change_link(socket, link.index, change);
  if (changed.ok() || changed.error().sys_errno != EBUSY || (link.flags & IFF_UP) == 0)
    return changed;
  KATA_TRY(change_link(socket, link.index, {{}, {}, {}, 0, IFF_UP}), "take it down");
  changed = change_link(socket, link.index, change);
  KATA_TRY(change_link(socket, link.index, {{}, {}, {}, IFF_UP, IFF_UP}), "set it up again");
  return changed;
}

Result<const Link*> link_called(const std::vector<Link>& links, const std::string& name) {
  const auto found = std::ranges::find(links, name, &Link::name);
  if (found == links.end()) return link_not_found(concat("name '", name, "'"));
  return &*found;
}

Error link_not_found(const std::string& description) {
  return make_error(ErrorCode::kNotFound, concat("Link not found (", description, ")"));
}

bool is_link_name(std::string_view name) noexcept {
  constexpr std::string_view kRefused("/:% \t\n\v\f\r\0", 10);
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         name.find_first_of(kRefused) == std::string_view::npos;
}

}  // namespace kata::agent
