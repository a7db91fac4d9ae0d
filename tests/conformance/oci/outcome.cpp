// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/oci/outcome.h"

#include "tests/conformance/oci/row.h"

namespace kata::conformance {

std::string describe(const Outcome& outcome) {
  const std::string error = outcome.error.empty() ? "" : "\n  stderr: " + outcome.error;
  if (!outcome.started) return "refused" + error;
  return "exit code " + std::to_string(outcome.code) + "\n  stdout: " + outcome.out + error;
}

std::string summary(const Outcome& outcome) {
  if (!outcome.started) return "refused";
  std::string line = outcome.out;
  while (line.ends_with('\n')) line.pop_back();
  line = replace_all(replace_all(replace_all(line, "\r", ""), "\n", " ⏎ "), "|", "\\|");
  constexpr std::size_t kLongest = 60;
  if (line.size() > kLongest) line = line.substr(0, kLongest) + "…";
  const std::string code = outcome.code == 0 ? "" : "exit " + std::to_string(outcome.code);
  if (line.empty()) return code.empty() ? "nothing" : code;
  return "`" + replace_all(line, "`", "'") + "`" + (code.empty() ? "" : ", " + code);
}

}  // namespace kata::conformance
