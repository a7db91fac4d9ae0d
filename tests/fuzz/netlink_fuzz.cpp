// SPDX-License-Identifier: Apache-2.0
//
// Everything that could stand in a netlink datagram, and in a host's network texts: no crash, no
// byte read beyond the end.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/network/addresses.h"
#include "agent/network/links.h"
#include "agent/network/pci_path.h"
#include "agent/network/requests.h"
#include "agent/network/routes.h"

namespace {

using namespace kata;
using namespace kata::agent;

void read_everything(std::string_view datagram) {
  const auto take = [](std::string_view payload) -> Result<void> {
    (void)decode_link(payload);
    (void)decode_address(payload);
    if (auto route = decode_route(payload); route.ok() && route.value()) {
      (void)describe(*route.value());
      (void)route_message(*route.value(), {});
    }
    return {};
  };
  for (const std::uint16_t type : {16, 20, 24}) {
    DumpState state;
    (void)read_dump(datagram, 1, type, take, state);
  }
}

void read_messages(std::string_view bytes) {
  const std::string text(bytes);
  types::Interface interface;
  if (interface.ParseFromString(text)) (void)interface_request(interface);
  types::Route route;
  if (route.ParseFromString(text)) (void)route_request(route, {});
  types::ARPNeighbor neighbor;
  if (neighbor.ParseFromString(text)) (void)neighbor_request(neighbor);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_everything(bytes);
  read_messages(bytes);
  (void)pci_directory(bytes, "/nonexistent");
  (void)parse_ip(bytes);
  (void)parse_mac(bytes);
  (void)parse_prefix("10.0.0.1", bytes);
  return 0;
}
