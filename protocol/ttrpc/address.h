// SPDX-License-Identifier: Apache-2.0
//
// Where an agent or a proxy listens, in Kata's notation:
//   unix:///abs/path   unix://@name (abstract)   vsock://CID:PORT   hvsock:///abs/path[:PORT]
// A vsock CID of -1 or nothing is any; a port left out is 1024. Blocking calls: no event loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::ttrpc {

inline constexpr std::uint32_t kAgentPort = 1024;

struct UnixAddress {
  std::string name{};  // an absolute path, or the name of an abstract socket
  bool is_abstract = false;
  friend bool operator==(const UnixAddress&, const UnixAddress&) = default;
};

struct VsockAddress {
  std::uint32_t cid = 0;
  std::uint32_t port = kAgentPort;
  friend bool operator==(const VsockAddress&, const VsockAddress&) = default;
};

// A unix socket of the VMM, which connects to a port of the guest when told to by a line of text.
struct HybridVsockAddress {
  std::string path{};
  std::uint32_t port = kAgentPort;
  friend bool operator==(const HybridVsockAddress&, const HybridVsockAddress&) = default;
};

using Address = std::variant<UnixAddress, VsockAddress, HybridVsockAddress>;

Result<Address> parse_address(std::string_view text);

// Tries again while nobody listens there yet; kTimeout at the deadline with the last reason.
Result<UniqueFd> connect(const Address& address, Deadline deadline);

// A unix path must not exist; the socket is 0600. A hybrid address cannot be listened on: the VMM
// does.
Result<UniqueFd> listen(const Address& address);

}  // namespace kata::ttrpc
