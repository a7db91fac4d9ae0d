// SPDX-License-Identifier: Apache-2.0
//
// A token bucket as the root qdisc of a link: what leaves by it is limited.
#pragma once

#include <netlink/netlink.h>

#include <cstdint>

#include "kata/result.h"

namespace kata::tap {

inline constexpr std::uint64_t kLeastRate = 8000;           // bit/s; a frame a second or so
inline constexpr std::uint64_t kMostRate = 16'000'000'000;  // libnl counts bytes in 31 bits

// A qdisc that somebody has put there, not the one every link has.
Result<bool> has_root_qdisc(nl_sock& socket, int link);

// Fails when the link has one.
Result<void> limit_rate(nl_sock& socket, int link, std::uint64_t bits_per_second);

// Nothing there is success.
Result<void> remove_limit(nl_sock& socket, int link);

}  // namespace kata::tap
