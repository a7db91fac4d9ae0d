// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/oci/comparison.h"

#include <exception>
#include <sstream>

#include "tests/conformance/oci/oracle.h"
#include "tests/conformance/oci/ours.h"

namespace kata::conformance {
namespace {

void check_ours(const Row& row, const Outcome& ours, std::vector<std::string>& found) {
  if (row.refused && ours.started) found.push_back("ours must refuse it: " + describe(ours));
  if (!row.refused && !ours.started) found.push_back("ours must start it: " + describe(ours));
  if (!row.says.empty() && ours.error.find(row.says) == std::string::npos)
    found.push_back("the refusal must say '" + row.says + "': " + ours.error);
  if (row.expect && ours.started && ours.out != *row.expect)
    found.push_back("ours must print '" + *row.expect + "': " + describe(ours));
  if (!row.expect && ours.started && ours.out.empty() && ours.code == 0)
    found.push_back("the probe says nothing and so proves nothing");
}

std::string note(const Row& row) {
  std::string text;
  for (const auto& [peer, reason] : row.differs) {
    const auto other = row.differs.find(peer == "crun" ? "runc" : "crun");
    const bool both = other != row.differs.end() && other->second == reason;
    if (both && peer == "runc") continue;
    text += (text.empty() ? "" : "; ") + (both ? std::string("both") : peer) + ": " + reason;
  }
  return replace_all(text, "|", "\\|");
}

std::string cell(const Comparison& comparison, const std::string& peer) {
  const auto found = comparison.peers.find(peer);
  if (found == comparison.peers.end()) return "";
  return same(comparison.ours, found->second) && found->second.started ? "same"
                                                                       : summary(found->second);
}

}  // namespace

Comparison compare(const Stage& stage, const Row& row) {
  Comparison comparison;
  std::string runtime = "ours";
  try {
    comparison.ours = run_under_agent(stage, row);
    for (const char* peer : {"crun", "runc"})
      comparison.peers[peer] = run_under_oracle(runtime = peer, stage, row);
  } catch (const std::exception& error) {
    comparison.failure = runtime + ": " + error.what();
  }
  return comparison;
}

std::vector<std::string> complaints(const Row& row, const Comparison& comparison) {
  if (!comparison.failure.empty()) return {comparison.failure};
  std::vector<std::string> found;
  check_ours(row, comparison.ours, found);
  for (const auto& [peer, outcome] : comparison.peers) {
    const bool equal = same(comparison.ours, outcome), excused = row.differs.contains(peer);
    if (!equal && !excused)
      found.push_back("differs from " + peer + "\n ours: " + describe(comparison.ours) + "\n " +
                      peer + ": " + describe(outcome));
    if (equal && excused)
      found.push_back("no longer differs from " + peer +
                      ": remove it from 'differs': " + describe(outcome));
  }
  return found;
}

std::string markdown_table(const std::vector<Row>& rows,
                           const std::vector<Comparison>& comparisons) {
  std::string page, idea;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const Row& row = rows[at];
    if (row.idea != idea)
      page += "\n## " + row.idea +
              "\n\n| property | ours | crun | runc | note |\n|---|---|---|---|---|\n";
    idea = row.idea;
    const Comparison& one = comparisons[at];
    page += "| " + replace_all(row.name, "|", "\\|") + " | " + summary(one.ours) + " | " +
            cell(one, "crun") + " | " + cell(one, "runc") + " | " + note(row) + " |\n";
  }
  return page;
}

std::vector<std::string> properties_in(const std::string& page) {
  std::vector<std::string> names;
  std::string idea, line;
  for (std::istringstream lines(page); std::getline(lines, line);) {
    if (line.starts_with("## ")) idea = line.substr(3);
    if (!line.starts_with("| ") || line.starts_with("| property ")) continue;
    names.push_back(idea + ": " + line.substr(2, line.find(" | ") - 2));
  }
  return names;
}

}  // namespace kata::conformance
