// SPDX-License-Identifier: Apache-2.0
//
// Taps. One lives as long as a descriptor of it: a killed VMM leaves none.
#pragma once

#include <netlink/netlink.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::tap {

struct Tap {
  std::string name{};
  int index = 0;
  std::string mac{};  // the kernel's choice; the guest's NIC has the link's
  std::vector<UniqueFd> queues{};
};

// Makes a tap in the calling thread's namespace, with virtio-net headers; kAlreadyExists when the
// name is taken, whoever has it.
Result<Tap> make_tap(nl_sock& socket, const std::string& name, std::uint32_t queues);

// Sets the MTU (bytes) and brings the tap up.
Result<void> set_up_tap(nl_sock& socket, const Tap& tap, std::uint32_t mtu);

}  // namespace kata::tap
