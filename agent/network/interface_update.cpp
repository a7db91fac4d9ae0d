// SPDX-License-Identifier: Apache-2.0
#include "agent/network/interface_update.h"

#include <net/if.h>

#include <algorithm>

#include "agent/network/pci_path.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

std::string description(const InterfaceRequest& request) {
  std::string text;
  const auto add = [&text](const char* what, const std::string& value) {
    if (!value.empty()) text += concat(text.empty() ? "" : ", ", what, " '", value, '\'');
  };
  add("PCI path", request.pci_path);
  add("hardware address", request.mac ? text_of(*request.mac) : "");
  add("name", request.name);
  return text;
}

bool is_loopback(const Link& link) { return (link.flags & IFF_LOOPBACK) != 0; }

Result<Link> link_named(const std::vector<Link>& links, const std::string& name,
                        const InterfaceRequest& request) {
  const auto found = std::ranges::find(links, name, &Link::name);
  if (found == links.end() || is_loopback(*found)) return link_not_found(description(request));
  return *found;
}

// Several links may have one hardware address: a VLAN and what it is on, or two NICs of a careless
// host. Then the name decides.
Result<Link> one_of(const std::vector<Link>& same, const InterfaceRequest& request) {
  if (same.size() == 1) return same.front();
  for (const Link& link : same)
    if (link.name == request.name) return link;
  std::string names;
  for (const Link& link : same) names += concat(names.empty() ? "'" : ", '", link.name, '\'');
  return make_error(ErrorCode::kInvalidArgument,
                    concat("hardware address '", text_of(*request.mac), "' is that of ", names,
                           "; give the devicePath or one of these names"));
}

Result<void> rename(NetlinkSocket& socket, const Link& link, const std::string& name) {
  LinkChange change;
  change.name = name;
  KATA_TRY(change_link_briefly_down(socket, link, change),
           concat("rename '", link.name, "' to '", name, "'"));
  return {};
}

// The name's holder steps aside under a name that nobody uses, then the two have changed names.
Result<void> swap_names(NetlinkSocket& socket, const Link& link, const Link& holder) {
  if (is_loopback(holder))
    return make_error(ErrorCode::kInvalidArgument,
                      concat("the name '", holder.name, "' is the loopback's"));
  KATA_TRY(rename(socket, holder, concat("kswap", link.index)), "");
  if (auto renamed = rename(socket, link, holder.name); !renamed.ok()) {
    if (!rename(socket, holder, holder.name).ok())
      log::warn("a link keeps a makeshift name", {{"was", holder.name}});
    return renamed;
  }
  return rename(socket, holder, link.name);
}

Result<void> set_name(NetlinkSocket& socket, const Link& link, const std::string& name) {
  if (name.empty() || name == link.name) return {};
  const std::vector<Link> links = KATA_TRY(list_links(socket), "");
  const auto holder = std::ranges::find(links, name, &Link::name);
  if (holder == links.end()) return rename(socket, link, name);
  return swap_names(socket, link, *holder);
}

Result<void> set_mac(NetlinkSocket& socket, const Link& link, const std::optional<Mac>& mac) {
  if (!mac || mac == link.mac) return {};
  LinkChange change;
  change.mac = mac;
  KATA_TRY(change_link_briefly_down(socket, link, change),
           concat("set hardware address '", text_of(*mac), "'"));
  log::info("a link has got another hardware address",
            {{"link", link.name}, {"address", text_of(*mac)}});
  return {};
}

Result<void> check_mtu(const Link& link, std::uint32_t mtu) {
  const bool fits = mtu >= link.smallest_mtu && (link.largest_mtu == 0 || mtu <= link.largest_mtu);
  if (mtu == 0 || fits) return {};
  return make_error(ErrorCode::kInvalidArgument,
                    concat("mtu ", mtu, " is not from ", link.smallest_mtu, " to ",
                           link.largest_mtu, ", which the link's driver can do"));
}

Result<void> set_mtu(NetlinkSocket& socket, const Link& link, std::uint32_t mtu) {
  if (mtu == 0 || mtu == link.mtu) return {};
  LinkChange change;
  change.mtu = mtu;
  return change_link(socket, link.index, change);
}

Result<void> set_up(NetlinkSocket& socket, const Link& link, bool no_arp) {
  LinkChange change;
  change.flags = IFF_UP | (no_arp ? unsigned{IFF_NOARP} : 0U);
  change.flag_mask = IFF_UP | IFF_NOARP;
  return change_link(socket, link.index, change);
}

// Off for the link, for all of them, or because its MTU is below IPv6's least.
bool has_ipv6(const std::string& link_name) {
  const auto off = read_file(concat("/proc/sys/net/ipv6/conf/", link_name, "/disable_ipv6"), 16);
  return off.ok() && !off.value().starts_with('1');
}

std::vector<Prefix> possible_addresses(const std::string& link_name,
                                       std::vector<Prefix> addresses) {
  const auto is_ipv6 = [](const Prefix& prefix) { return prefix.address.family == AF_INET6; };
  if (std::ranges::any_of(addresses, is_ipv6) && !has_ipv6(link_name)) {
    log::warn("IPv6 is off, so its addresses are left out", {{"link", link_name}});
    std::erase_if(addresses, is_ipv6);
  }
  return addresses;
}

}  // namespace

Result<Link> choose_link(const std::vector<Link>& links, const InterfaceRequest& request,
                         const std::string& pci_name) {
  if (!request.pci_path.empty()) return link_named(links, pci_name, request);
  std::vector<Link> same;
  for (const Link& link : links)
    if (request.mac && link.mac == request.mac && !is_loopback(link)) same.push_back(link);
  if (!same.empty()) return one_of(same, request);
  return link_named(links, request.name, request);
}

Result<Link> find_link(NetlinkSocket& socket, const InterfaceRequest& request) {
  std::string pci_name;
  if (!request.pci_path.empty()) {
    const auto directory = pci_directory(request.pci_path);
    if (!directory.ok() && directory.error().code != ErrorCode::kNotFound) return directory.error();
    const auto name = directory.ok() ? network_device_name(directory.value()) : directory.error();
    if (!name.ok()) return link_not_found(concat(description(request), ": ", name.error().message));
    pci_name = name.value();
  }
  return choose_link(KATA_TRY(list_links(socket), ""), request, pci_name);
}

Result<void> configure_link(NetlinkSocket& socket, const Link& link,
                            const InterfaceRequest& request) {
  const std::string name = request.name.empty() ? link.name : request.name;
  const std::string action = concat("interface '", name, "'");
  KATA_TRY(check_mtu(link, request.mtu), action);
  KATA_TRY(set_name(socket, link, name), action);
  KATA_TRY(set_mac(socket, link, request.mac), action);
  KATA_TRY(set_mtu(socket, link, request.mtu), concat(action, ": set mtu ", request.mtu));
  KATA_TRY(set_up(socket, link, request.no_arp), concat(action, ": set it up"));
  KATA_TRY(set_addresses(socket, link.index, possible_addresses(name, request.addresses)), action);
  return {};
}

Result<types::Interface> describe_link(NetlinkSocket& socket, int index) {
  const std::vector<Link> links = KATA_TRY(list_links(socket), "");
  const auto link = std::ranges::find(links, index, &Link::index);
  if (link == links.end()) return link_not_found("it went away meanwhile");
  return interface_message(*link, KATA_TRY(list_addresses(socket), ""));
}

}  // namespace kata::agent
