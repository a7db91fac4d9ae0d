// SPDX-License-Identifier: Apache-2.0
//
// One run of a program of bench/, whatever its verdicts are. Our agent is its own peer.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace kata::test {

struct Measurement {
  std::set<std::string> measured{};          // ids of rows that have a value: "A4"
  std::vector<std::string> without_value{};  // what rows without one are about
  std::size_t beside_peer = 0;               // rows about PEER_AGENT
};

// Fails the test when the program does not end with 0 or 1, or prints no object of rows.
Measurement run_measurement(const std::string& program, std::vector<std::string> arguments = {});

}  // namespace kata::test
