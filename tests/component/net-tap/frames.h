// SPDX-License-Identifier: Apache-2.0
//
// Frames that a VMM would send and receive: by the tap's descriptor on one side and a raw socket at
// the veth's far end on the other.
#pragma once

#include <string>
#include <string_view>

#include "kata/unique_fd.h"
#include "pod.h"

namespace kata::tap::test {

inline constexpr std::size_t kVnetHeader = 10;  // struct virtio_net_hdr

UniqueFd raw_socket(const Pod& pod, const char* link);

// To the Ethernet address `to`: six bytes.
std::string frame(std::string_view text, std::string_view to = "\x02\x02\x02\x02\x02\x02");

// The first frame of our own protocol, without `skip` bytes in front.
std::string receive(const UniqueFd& fd, std::size_t skip);

}  // namespace kata::tap::test
