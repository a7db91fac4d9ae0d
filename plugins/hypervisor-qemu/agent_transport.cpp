// SPDX-License-Identifier: Apache-2.0
#include "agent_transport.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <random>

#include "kata/concat.h"

namespace kata::qemu {
namespace {

// As in <linux/vhost.h>, which C++ cannot include.
constexpr unsigned long kSetGuestCid = _IOW(0xAF, 0x60, std::uint64_t);

}  // namespace

Result<TransportChoice> choose_transport(std::string_view wanted, const HostFacts& host) {
  if (wanted == "serial")
    return TransportChoice{AgentTransport::kSerial, "hypervisor.qemu.agent_transport = 'serial'"};
  if (host.vsock_errno == 0)
    return TransportChoice{AgentTransport::kVsock, "/dev/vhost-vsock opens"};
  const std::string obstacle = concat("/dev/vhost-vsock: ", std::strerror(host.vsock_errno));
  if (wanted == "vsock")
    return make_error(ErrorCode::kUnsupported,
                      concat("hypervisor.qemu.agent_transport = 'vsock' cannot be used: ", obstacle,
                             "; load the module vhost_vsock or set it to 'auto' or 'serial'"));
  return TransportChoice{AgentTransport::kSerial, obstacle};
}

Result<GuestCid> reserve_guest_cid() {
  GuestCid reserved;
  reserved.vhost.reset(::open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC));
  if (!reserved.vhost) return errno_error("open '/dev/vhost-vsock'", errno);
  std::random_device random;
  std::uniform_int_distribution<std::uint32_t> any_cid(3, UINT32_MAX - 1);
  for (int attempt = 0; attempt < 64; ++attempt) {
    std::uint64_t cid = any_cid(random);
    if (::ioctl(reserved.vhost.get(), kSetGuestCid, &cid) == 0) {
      reserved.cid = static_cast<std::uint32_t>(cid);
      return reserved;
    }
    if (errno != EADDRINUSE) return errno_error("reserve a vsock context id", errno);
  }
  return make_error(ErrorCode::kResourceExhausted,
                    "reserve a vsock context id: 64 random ones were all taken");
}

}  // namespace kata::qemu
