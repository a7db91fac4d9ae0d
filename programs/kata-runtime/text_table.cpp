// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/text_table.h"

#include <algorithm>

namespace kata::runtime {
namespace {

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, '?');
  return text;
}

std::string padded(const std::string& cell, std::size_t width, bool to_the_right) {
  const std::string space(width - std::min(width, cell.size()), ' ');
  return to_the_right ? space + cell : cell + space;
}

}  // namespace

std::string text_table(const std::vector<Column>& columns,
                       const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t at = 0; at < columns.size(); ++at) {
    widths.push_back(columns[at].header.size());
    for (const auto& row : rows) widths[at] = std::max(widths[at], row[at].size());
  }
  const auto line = [&](const auto& cell_at) {
    std::string text;
    for (std::size_t at = 0; at < columns.size(); ++at) {
      const bool last = at + 1 == columns.size();
      const bool right = columns[at].to_the_right;
      text += last && !right ? printable(cell_at(at))
                             : padded(printable(cell_at(at)), widths[at], right);
      text += last ? '\n' : ' ';
    }
    return text;
  };
  std::string table = line([&](std::size_t at) { return columns[at].header; });
  for (const auto& row : rows) table += line([&](std::size_t at) { return row[at]; });
  return table;
}

}  // namespace kata::runtime
