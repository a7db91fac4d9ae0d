// SPDX-License-Identifier: Apache-2.0
//
// The links of this network namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/network/ip_address.h"
#include "agent/network/netlink_socket.h"

namespace kata::agent {

struct Link {
  int index = 0;
  std::string name{};
  std::optional<Mac> mac{};  // nothing for a link that carries no Ethernet frames
  std::uint32_t mtu = 0, smallest_mtu = 0, largest_mtu = 0;  // bytes; largest 0: no limit is known
  std::uint32_t flags = 0;                                   // IFF_*
};

// What to set; the rest stays.
struct LinkChange {
  std::optional<std::string> name{};
  std::optional<Mac> mac{};
  std::optional<std::uint32_t> mtu{};
  std::uint32_t flags = 0, flag_mask = 0;
};

Result<Link> decode_link(std::string_view payload);  // of an RTM_NEWLINK message

Result<std::vector<Link>> list_links(NetlinkSocket& socket);
Result<void> change_link(NetlinkSocket& socket, int index, const LinkChange& change);

// As change_link, for what some drivers and kernels allow on a link that is down only: takes it
// down for the time of the change, but not before it is refused otherwise.
Result<void> change_link_briefly_down(NetlinkSocket& socket, const Link& link,
                                      const LinkChange& change);

// kNotFound when no link has that name.
Result<const Link*> link_called(const std::vector<Link>& links, const std::string& name);

// The words are those that Kata's host looks for before it tries again.
Error link_not_found(const std::string& description);

// The kernel's rule for names, without '%', which it would expand.
bool is_link_name(std::string_view name) noexcept;

}  // namespace kata::agent
