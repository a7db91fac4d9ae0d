// SPDX-License-Identifier: Apache-2.0
//
// oci-conformance [--markdown] [PART]: runs the rows whose "idea: property" contains PART and
// prints what is wrong with them, or the page of the documentation.
#include <cstring>
#include <exception>
#include <iostream>
#include <optional>

#include "tests/conformance/oci/comparison.h"

using namespace kata::conformance;

namespace {

constexpr const char* kHead =
    "# OCI properties\n\n"
    "Each row is one change of an ordinary config.json, proven by a probe inside the container. "
    "The\n"
    "columns are what the probe printed under kata-agent, crun 1.8.1 and runc 1.1.5 on the same "
    "host\n"
    "from the same file; `same` is what ours printed. The rows stand in "
    "`tests/conformance/oci/rows`\n"
    "and this page is made by `oci-conformance --markdown`. `test-oci-conformance-vm` runs the "
    "rows\n"
    "with `vm` again in the VM of one pod, over virtiofs and over 9p, and compares with runc.\n";

int run(bool markdown, const std::string& part) {
  std::vector<Row> rows;
  std::vector<Comparison> comparisons;
  int wrong = 0;
  for (const Row& row : load_rows(KATA_OCI_ROWS)) {
    if ((row.idea + ": " + row.name).find(part) == std::string::npos) continue;
    rows.push_back(row);
    comparisons.push_back(row.local ? compare(Stage(row.view), row) : Comparison());
    if (!row.local) continue;
    for (const std::string& complaint : complaints(row, comparisons.back())) {
      std::cerr << row.idea << ": " << row.name << ": " << complaint << '\n';
      ++wrong;
    }
  }
  if (markdown) std::cout << kHead << markdown_table(rows, comparisons);
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool markdown = argc > 1 && std::strcmp(argv[1], "--markdown") == 0;
  const int operand = markdown ? 2 : 1;
  try {
    return run(markdown, argc > operand ? argv[operand] : "");
  } catch (const std::exception& error) {
    std::cerr << "oci-conformance: " << error.what() << '\n';
    return 2;
  }
}
