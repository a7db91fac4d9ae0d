// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace kata::runtime {

struct Column {
  std::string header{};
  bool to_the_right = false;  // numbers
};

// Header and rows in columns as wide as they need, one space between; the last one is not padded.
// Every row has as many cells as there are columns. Control characters become '?'.
std::string text_table(const std::vector<Column>& columns,
                       const std::vector<std::vector<std::string>>& rows);

}  // namespace kata::runtime
