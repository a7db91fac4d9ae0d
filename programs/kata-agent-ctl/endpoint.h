// SPDX-License-Identifier: Apache-2.0
//
// Where the agent is: the addresses of protocol/ttrpc/address.h, and
//   serial:///abs/path   a virtio-serial port's unix socket on the host, a pty or another character
//                        device
// A serial line has no connections: nothing tells whether somebody listens at its other end.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "protocol/ttrpc/address.h"

namespace kata::agentctl {

struct SerialAddress {
  std::string path{};
  friend bool operator==(const SerialAddress&, const SerialAddress&) = default;
};

using Endpoint = std::variant<ttrpc::Address, SerialAddress>;

Result<Endpoint> parse_endpoint(std::string_view text);

// Kata's --hybrid-vsock: a unix:// path is the VMM's socket. Other addresses are refused.
Result<Endpoint> as_hybrid(const Endpoint& endpoint, std::uint32_t port);

// Tries again until the deadline while nobody listens; a serial line's device is opened once.
Result<UniqueFd> open_endpoint(const Endpoint& endpoint, Deadline deadline);

}  // namespace kata::agentctl
