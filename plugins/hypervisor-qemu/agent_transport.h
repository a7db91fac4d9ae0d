// SPDX-License-Identifier: Apache-2.0
//
// How the agent is reached: vsock where the host has vhost-vsock, else a virtio-serial port.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host_facts.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::qemu {

inline constexpr std::uint32_t kAgentVsockPort = 1024;

enum class AgentTransport : std::int32_t { kVsock = 1, kSerial };

struct TransportChoice {
  AgentTransport transport = AgentTransport::kSerial;
  std::string reason{};
};

// `wanted` is "auto", "vsock" or "serial"; "vsock" on a host without it is an error that says why.
Result<TransportChoice> choose_transport(std::string_view wanted, const HostFacts& host);

// A guest context id that nobody else on this host has; it is ours while `vhost` is open.
struct GuestCid {
  std::uint32_t cid = 0;
  UniqueFd vhost{};
};
Result<GuestCid> reserve_guest_cid();

}  // namespace kata::qemu
