// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/difference_table.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace kata::test {

namespace {

std::string cell_of(std::string text) {
  std::erase(text, '`');
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> cells_of(const std::string& line) {
  std::istringstream in(line.substr(1));
  std::vector<std::string> cells;
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(cell_of(cell));
  return cells;
}

}  // namespace

std::vector<std::vector<std::string>> table_below(const std::filesystem::path& page,
                                                  const std::string& heading) {
  std::ifstream in(page);
  std::string line;
  while (std::getline(in, line) && line != "## " + heading) continue;
  std::vector<std::vector<std::string>> rows;
  while (std::getline(in, line) && !line.starts_with("## "))
    if (line.starts_with('|')) rows.push_back(cells_of(line));
  if (rows.size() < 2) throw std::runtime_error(page.string() + ": no table below " + heading);
  rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

std::string disagreement(const std::map<std::string, std::string>& found,
                         const std::map<std::string, std::string>& documented) {
  std::string lines;
  for (const auto& [what, how] : found) {
    const auto row = documented.find(what);
    if (row == documented.end())
      lines += what + ": found " + how + ", not documented\n";
    else if (row->second != how)
      lines += what + ": found " + how + ", documented as " + row->second + '\n';
  }
  for (const auto& [what, how] : documented)
    if (!found.contains(what)) lines += what + ": documented as " + how + ", not found\n";
  return lines;
}

}  // namespace kata::test
