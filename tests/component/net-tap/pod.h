// SPDX-License-Identifier: Apache-2.0
//
// A pod's network as a CNI would have made it.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "tap_network.h"
#include "tests/network_namespace.h"
#include "tests/temporary_directory.h"

namespace kata::tap::test {

class Pod : public kata::test::NetworkNamespace {
 public:
  // A veth pair of `name` and "p<index>", both up. No IPv6 address comes by itself, so that a dump
  // is the same at any time.
  void add_veth(const std::string& name, int number) const;

  // Links, addresses, routes, neighbours, qdiscs and filters.
  std::string dump() const;
};

// What most tests want: a link "eth0" with an address, and a state directory for the plugin.
struct OneLink {
  OneLink();
  Pod pod{};
  TemporaryDirectory state{};
};

std::unique_ptr<TapNetwork> make_network(const TemporaryDirectory& state,
                                         const std::string& config = "{}",
                                         const std::string& saved_state = "");
NetworkPlan attach(TapNetwork& network, const Pod& pod, std::uint32_t queues = 1);
Error refused(TapNetwork& network, const std::filesystem::path& netns);

bool contains(const std::string& text, std::string_view part);

}  // namespace kata::tap::test
