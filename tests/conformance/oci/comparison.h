// SPDX-License-Identifier: Apache-2.0
//
// The verdict on a row: ours is as its peers are, or differs from them for the reason that the row
// gives and for no other.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/conformance/oci/outcome.h"
#include "tests/conformance/oci/row.h"
#include "tests/conformance/oci/stage.h"

namespace kata::conformance {

struct Comparison {
  Outcome ours{};
  std::map<std::string, Outcome> peers{};  // "crun", "runc"
  std::string failure{};                   // of the test itself: there is nothing to compare
};

// Runs the row with the agent on this host and with both peers.
Comparison compare(const Stage& stage, const Row& row);

// What is wrong with it; empty: nothing.
std::vector<std::string> complaints(const Row& row, const Comparison& comparison);

// "| property | ours | crun | runc | note |" below a heading for each idea.
std::string markdown_table(const std::vector<Row>& rows,
                           const std::vector<Comparison>& comparisons);

// The "idea: property" of each row of such a page.
std::vector<std::string> properties_in(const std::string& page);

}  // namespace kata::conformance
