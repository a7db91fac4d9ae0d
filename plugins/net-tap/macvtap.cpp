// SPDX-License-Identifier: Apache-2.0
#include "macvtap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/macvtap.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "kata/concat.h"
#include "netlink.h"

namespace kata::tap {

namespace {

constexpr std::uint32_t kLeastIndex = 8192;  // above what the kernel gives by itself in practice
constexpr std::uint32_t kIndexSpan = 1U << 30;
constexpr int kIndexAttempts = 16;
constexpr const char* kOtherModel = "set internetworking_model = \"tcfilter\"";

// A mount that is in no directory tree and goes with its descriptor.
Result<UniqueFd> private_mount(const char* type) {
  const std::string action = concat("mount a private ", type);
  const UniqueFd context(::fsopen(type, FSOPEN_CLOEXEC));
  if (!context) return errno_error(action, errno);
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return errno_error(action, errno);
  UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  if (!mount) return errno_error(action, errno);
  return mount;
}

// From a sysfs of the calling thread's namespace: /sys may be another's.
Result<dev_t> device_number(const Tap& tap) {
  const UniqueFd sysfs = KATA_TRY(private_mount("sysfs"), "");
  const std::string path = concat("class/net/", tap.name, "/macvtap/tap", tap.index, "/dev");
  const UniqueFd file(::openat(sysfs.get(), path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return errno_error(concat("open sysfs '", path, "'"), errno);
  std::array<char, 64> text{};
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) return errno_error(concat("read sysfs '", path, "'"), errno);
  return parse_device_number({text.data(), static_cast<std::size_t>(got)});
}

Result<UniqueFd> open_queue(const UniqueFd& directory, std::uint32_t queues) {
  UniqueFd queue(::openat(directory.get(), "tap", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!queue) return errno_error("open its character device", errno);
  ifreq request{};
  request.ifr_flags =
      static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (queues > 1 ? IFF_MULTI_QUEUE : 0));
  if (::ioctl(queue.get(), TUNSETIFF, &request) != 0)
    return errno_error("set its frame format", errno);
  return queue;
}

// The guest makes the same one from the same MAC address. A kernel without IPv6 refuses, rightly.
void forbid_link_local_address(nl_sock& socket, int index) {
  const Netlink<rtnl_link> change(rtnl_link_alloc());
  if (!change) return;
  rtnl_link_set_ifindex(change.get(), index);
  rtnl_link_inet6_set_addr_gen_mode(change.get(), rtnl_link_inet6_str2addrgenmode("none"));
  (void)rtnl_link_change(&socket, change.get(), change.get(), 0);
}

}  // namespace

Result<void> check_macvtap_link(const Link& link) {
  if (link.kind != "macvlan" && link.kind != "ipvlan") return {};
  return make_error(
      ErrorCode::kUnsupported,
      concat("link '", link.name, "' is of kind '", link.kind,
             "', and a macvtap on it would sit on the device below it; ", kOtherModel));
}

Result<int> free_link_index(nl_sock& socket) {
  for (int attempt = 0; attempt < kIndexAttempts; ++attempt) {
    std::uint32_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != sizeof number)
      return errno_error("choose a link index", errno);
    const int index = static_cast<int>(kLeastIndex + number % kIndexSpan);
    if (!KATA_TRY(find_link(socket, index), "choose a link index")) return index;
  }
  return make_error(ErrorCode::kResourceExhausted, "choose a link index: all tried are taken");
}

Error macvtap_error(const std::string& name, const Link& link, int code) {
  Error error =
      netlink_error(concat("create macvtap '", name, "' on link '", link.name, "'"), code);
  if (code == -NLE_EXIST)
    error.message += "; another sandbox uses this network namespace: end it, or give each its own";
  else if (code == -NLE_OPNOTSUPP)
    error.message += concat("; load the kernel module macvtap, or ", kOtherModel);
  else if (code == -NLE_INVAL || code == -NLE_BUSY)
    error.message +=
        concat("; it may carry a macvlan or be part of a bridge: remove that, or ", kOtherModel);
  return error;
}

Result<void> make_macvtap(nl_sock& socket, const Link& link, const Tap& tap) {
  const Netlink<rtnl_link> wanted(rtnl_link_macvtap_alloc());
  if (!wanted) return make_error(ErrorCode::kResourceExhausted, "create macvtap: no memory");
  rtnl_link_set_name(wanted.get(), tap.name.c_str());
  rtnl_link_set_ifindex(wanted.get(), tap.index);
  rtnl_link_set_link(wanted.get(), link.index);
  rtnl_link_macvtap_set_mode(wanted.get(), rtnl_link_macvtap_str2mode("passthru"));
  const int code = rtnl_link_add(&socket, wanted.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (code < 0) return macvtap_error(tap.name, link, code);
  forbid_link_local_address(socket, tap.index);
  return {};
}

Result<void> open_macvtap_queues(Tap& tap, std::uint32_t count) {
  const std::string what = concat("macvtap '", tap.name, "'");
  const dev_t number = KATA_TRY(device_number(tap), what);
  const UniqueFd directory = KATA_TRY(private_mount("tmpfs"), what);
  if (::mknodat(directory.get(), "tap", S_IFCHR | 0600, number) != 0)
    return errno_error(concat(what, ": make its device node"), errno);
  while (tap.queues.size() < count)
    tap.queues.push_back(KATA_TRY(open_queue(directory, count), what));
  return {};
}

Result<dev_t> parse_device_number(std::string_view text) {
  unsigned major = 0, minor = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, major);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == ':') {
    const auto second = std::from_chars(first.ptr + 1, end, minor);
    const std::string_view rest(second.ptr, static_cast<std::size_t>(end - second.ptr));
    if (second.ec == std::errc() && (rest.empty() || rest == "\n") && major < 4096 &&
        minor < (1U << 20))
      return ::makedev(major, minor);
  }
  return make_error(ErrorCode::kInternal,
                    "the kernel's number of the character device is not MAJOR:MINOR");
}

}  // namespace kata::tap
