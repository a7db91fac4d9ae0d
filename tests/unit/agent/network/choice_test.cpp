// SPDX-License-Identifier: Apache-2.0
//
// Which link a request means.
#include <doctest/doctest.h>
#include <net/if.h>

#include "agent/network/interface_update.h"

using namespace kata;
using namespace kata::agent;

namespace {

Link link(int index, const char* name, const char* mac) {
  Link out;
  out.index = index;
  out.name = name;
  if (*mac != 0) out.mac = parse_mac(mac).take();
  return out;
}

std::vector<Link> two_nics() {
  std::vector<Link> links{link(1, "lo", ""), link(2, "eth0", "52:54:00:00:00:01"),
                          link(3, "eth1", "52:54:00:00:00:02")};
  links[0].mac = Mac{};
  links[0].flags = IFF_LOOPBACK;
  return links;
}

InterfaceRequest request(const char* name, const char* mac, const char* pci_path = "") {
  InterfaceRequest out;
  out.name = name;
  if (*mac != 0) out.mac = parse_mac(mac).take();
  out.pci_path = pci_path;
  return out;
}

}  // namespace

TEST_CASE("the hardware address counts before the name") {
  CHECK(choose_link(two_nics(), request("eth0", "52:54:00:00:00:02"), "").take().index == 3);
}

TEST_CASE("the name counts where no link has the hardware address") {
  CHECK(choose_link(two_nics(), request("eth1", "52:54:00:00:00:09"), "").take().index == 3);
  CHECK(choose_link(two_nics(), request("eth1", ""), "").take().index == 3);
}

TEST_CASE("the PCI path counts before both") {
  CHECK(
      choose_link(two_nics(), request("eth1", "52:54:00:00:00:02", "02/01"), "eth0").take().index ==
      2);
}

TEST_CASE("a link that is not there is an error that names all that was looked for") {
  const auto none = choose_link(two_nics(), request("net5", "52:54:00:00:00:09"), "");
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == ErrorCode::kNotFound);
  CHECK(none.error().message ==
        "Link not found (hardware address '52:54:00:00:00:09', name 'net5')");
  const auto gone = choose_link(two_nics(), request("", "", "02/01"), "eth9");
  CHECK(gone.error().message == "Link not found (PCI path '02/01')");
}

TEST_CASE("the loopback is never meant") {
  CHECK_FALSE(choose_link(two_nics(), request("lo", ""), "").ok());
}

TEST_CASE("of several links with one hardware address the name decides") {
  auto links = two_nics();
  links[2].mac = links[1].mac;
  CHECK(choose_link(links, request("eth1", "52:54:00:00:00:01"), "").take().index == 3);
  const auto unclear = choose_link(links, request("net0", "52:54:00:00:00:01"), "");
  REQUIRE_FALSE(unclear.ok());
  CHECK(unclear.error().code == ErrorCode::kInvalidArgument);
  CHECK(unclear.error().message.find("'eth0', 'eth1'") != std::string::npos);
}
