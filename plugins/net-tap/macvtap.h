// SPDX-License-Identifier: Apache-2.0
//
// A macvtap on a link of the pod, in passthru mode: it has the link's MAC address, takes all
// unicast frames from it, and leaves the link's own addresses, routes and MAC as they are. Its
// queues are a character device that devtmpfs shows only for the host's namespace, so the node is
// made, opened and forgotten in a file system of our own that nobody else sees.
#pragma once

#include <netlink/netlink.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "link.h"
#include "tap_device.h"

namespace kata::tap {

// Why this link cannot carry a macvtap: the kernel would put it on the device below.
Result<void> check_macvtap_link(const Link& link);

// An index that no link of the calling thread's namespace has, so that the macvtap can be recorded
// before it is made.
Result<int> free_link_index(nl_sock& socket);

// Makes the macvtap `tap` describes: name and index; its MAC is the link's. In the calling thread's
// namespace; it stays until it is deleted. kAlreadyExists when the name is taken.
Result<void> make_macvtap(nl_sock& socket, const Link& link, const Tap& tap);

// Opens `count` queues, with virtio-net headers.
Result<void> open_macvtap_queues(Tap& tap, std::uint32_t count);

// "254:3\n" of sysfs. An error for all else.
Result<dev_t> parse_device_number(std::string_view text);

// What a failed creation means; `code` is libnl's.
Error macvtap_error(const std::string& name, const Link& link, int code);

}  // namespace kata::tap
