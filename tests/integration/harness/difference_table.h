// SPDX-License-Identifier: Apache-2.0
//
// A page of docs/ lists how this runtime differs from another, and a test finds the same: neither
// can say more than the other.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kata::test {

// The rows of the table below the heading "## HEADING", without the table's head; each cell without
// the backquotes of code.
std::vector<std::vector<std::string>> table_below(const std::filesystem::path& page,
                                                  const std::string& heading);

// Both are "what → how it differs". A line for each that only one of them has, and for each that
// they tell differently; "" when they agree.
std::string disagreement(const std::map<std::string, std::string>& found,
                         const std::map<std::string, std::string>& documented);

}  // namespace kata::test
