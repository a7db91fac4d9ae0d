// SPDX-License-Identifier: Apache-2.0
#include "link.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netlink/route/addr.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "kata/concat.h"
#include "kata/unique_fd.h"
#include "netlink.h"

namespace kata::tap {

namespace {

constexpr const char* kServedKinds[] = {"veth", "macvlan", "ipvlan", "vlan", "tun"};

// Empty for links that no driver stands behind.
std::string bus_info(const UniqueFd& socket, const std::string& name) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return {};
  const std::string text(info.bus_info, ::strnlen(info.bus_info, sizeof info.bus_info));
  return text == "N/A" ? std::string() : text;
}

Link link_from(rtnl_link& found) {
  Link link;
  link.index = rtnl_link_get_ifindex(&found);
  link.name = rtnl_link_get_name(&found);
  const char* kind = rtnl_link_get_type(&found);
  if (kind != nullptr) link.kind = kind;
  link.mac = mac_of(found);
  link.mtu = rtnl_link_get_mtu(&found);
  link.type = rtnl_link_get_arptype(&found);
  link.loopback = (rtnl_link_get_flags(&found) & IFF_LOOPBACK) != 0;
  link.no_arp = (rtnl_link_get_flags(&found) & IFF_NOARP) != 0;
  return link;
}

bool link_local(const nl_addr* address) {
  if (nl_addr_get_family(address) != AF_INET6 || nl_addr_get_len(address) != 16) return false;
  return IN6_IS_ADDR_LINKLOCAL(static_cast<const in6_addr*>(nl_addr_get_binary_addr(address)));
}

Result<void> add_addresses(nl_sock& socket, std::vector<Link>& links) {
  nl_cache* filled = nullptr;
  const int code = rtnl_addr_alloc_cache(&socket, &filled);
  if (code < 0) return netlink_error("list addresses", code);
  const Netlink<nl_cache> cache(filled);
  for (nl_object* object = nl_cache_get_first(filled); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* const address = reinterpret_cast<rtnl_addr*>(object);
    const nl_addr* const local = rtnl_addr_get_local(address);
    const std::string text = address_text(local);
    if (text.empty() || link_local(local)) continue;
    const auto owner = std::find_if(links.begin(), links.end(), [&](const Link& link) {
      return link.index == rtnl_addr_get_ifindex(address);
    });
    if (owner != links.end())
      owner->addresses.push_back(concat(text, '/', rtnl_addr_get_prefixlen(address)));
  }
  return {};
}

}  // namespace

Result<std::vector<Link>> scan_links(nl_sock& socket) {
  const UniqueFd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) return errno_error("open socket for ethtool", errno);
  nl_cache* filled = nullptr;
  const int code = rtnl_link_alloc_cache(&socket, AF_UNSPEC, &filled);
  if (code < 0) return netlink_error("list links", code);
  const Netlink<nl_cache> cache(filled);
  std::vector<Link> links;
  for (nl_object* object = nl_cache_get_first(filled); object != nullptr;
       object = nl_cache_get_next(object)) {
    links.push_back(link_from(*reinterpret_cast<rtnl_link*>(object)));
    links.back().bus_info = bus_info(control, links.back().name);
  }
  KATA_TRY(add_addresses(socket, links), "");
  std::sort(links.begin(), links.end(),
            [](const Link& one, const Link& other) { return one.index < other.index; });
  return links;
}

Result<void> check_link(const Link& link) {
  const std::string name = printable(link.name);
  const auto refuse = [&name](const auto&... why) {
    return make_error(ErrorCode::kUnsupported, concat("link '", name, "' ", why...));
  };
  if (name != link.name)
    return refuse("has a name with other than printable ASCII characters; rename it");
  if (link.kind.empty() && !link.bus_info.empty())
    return refuse("is a physical device (", printable(link.bus_info),
                  "), and passing one to the guest is not implemented; give the pod a veth or a "
                  "macvlan instead");
  if (link.kind == "macvtap")
    return refuse("is a macvtap, whose frames go to its character device; use a macvlan");
  const bool served =
      link.kind.empty() || std::find(std::begin(kServedKinds), std::end(kServedKinds), link.kind) !=
                               std::end(kServedKinds);
  if (!served)
    return refuse("is of kind '", printable(link.kind),
                  "', which cannot be joined to a guest; use a veth or a macvlan, or move its "
                  "addresses to one");
  if (link.type != ARPHRD_ETHER || link.mac.empty())
    return refuse("carries no Ethernet frames (hardware type ", link.type,
                  "); a guest needs a veth, a macvlan or a tap");
  return {};
}

}  // namespace kata::tap
