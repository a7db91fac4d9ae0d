// SPDX-License-Identifier: Apache-2.0
#include "tap_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "kata/concat.h"
#include "netlink.h"

namespace kata::tap {

namespace {

constexpr const char* kDevice = "/dev/net/tun";

Result<UniqueFd> open_queue(const std::string& name, int flags) {
  UniqueFd fd(::open(kDevice, O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return errno_error(concat("open '", kDevice, "' (kernel module tun)"), errno);
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(flags);
  if (::ioctl(fd.get(), TUNSETIFF, &request) == 0) return fd;
  if (errno == EBUSY && (flags & IFF_TUN_EXCL) != 0)
    return make_error(ErrorCode::kAlreadyExists,
                      concat("create tap '", name,
                             "': a link of this name is there; another sandbox uses this network "
                             "namespace: end it, or give each its own"));
  return errno_error(concat("create tap '", name, "'"), errno);
}

}  // namespace

Result<Tap> make_tap(nl_sock& socket, const std::string& name, std::uint32_t queues) {
  Tap tap;
  tap.name = name;
  const int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (queues > 1 ? IFF_MULTI_QUEUE : 0);
  // The first queue makes the tap and must not join somebody else's; the others join ours.
  tap.queues.push_back(KATA_TRY(open_queue(name, flags | IFF_TUN_EXCL), ""));
  while (tap.queues.size() < queues)
    tap.queues.push_back(
        KATA_TRY(open_queue(name, flags), concat("open queue ", tap.queues.size())));
  tap.index = static_cast<int>(::if_nametoindex(name.c_str()));
  const auto link = KATA_TRY(find_link(socket, tap.index), concat("create tap '", name, "'"));
  if (!link) return make_error(ErrorCode::kNotFound, concat("create tap '", name, "': it is gone"));
  tap.mac = mac_of(*link);
  return tap;
}

Result<void> set_up_tap(nl_sock& socket, const Tap& tap, std::uint32_t mtu) {
  Netlink<rtnl_link> change(rtnl_link_alloc());
  if (!change) return make_error(ErrorCode::kResourceExhausted, "set up tap: no memory");
  rtnl_link_set_ifindex(change.get(), tap.index);
  rtnl_link_set_mtu(change.get(), mtu);
  rtnl_link_set_flags(change.get(), IFF_UP);
  const int code = rtnl_link_change(&socket, change.get(), change.get(), 0);
  if (code < 0) return netlink_error(concat("set up tap '", tap.name, "' with MTU ", mtu), code);
  return {};
}

}  // namespace kata::tap
