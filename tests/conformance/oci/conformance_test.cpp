// SPDX-License-Identifier: Apache-2.0
//
// Every row of the table with the agent on this host, crun and runc. KATA_OCI_ROW limits it to the
// rows whose "idea: property" contains its value.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/conformance/oci/comparison.h"

using namespace kata::conformance;

namespace {

bool wanted(const Row& row) {
  const char* part = std::getenv("KATA_OCI_ROW");
  return part == nullptr || (row.idea + ": " + row.name).find(part) != std::string::npos;
}

std::string name_of(const Row& row) { return row.idea + ": " + row.name; }

void check_view(const std::string& view) {
  const Stage stage(view);
  for (const Row& row : load_rows(KATA_OCI_ROWS)) {
    if (row.view != view || !row.local || !wanted(row)) continue;
    for (const std::string& complaint : complaints(row, compare(stage, row)))
      FAIL_CHECK(name_of(row), ": ", complaint);
  }
}

}  // namespace

TEST_CASE("each property is as under crun and runc on a host with cgroup version 1") {
  check_view("v1");
}

TEST_CASE("each property is as under crun and runc on a host with cgroup version 2") {
  check_view("v2");
}

TEST_CASE("the table has 150 rows or more") { CHECK(load_rows(KATA_OCI_ROWS).size() >= 150); }

TEST_CASE("the page of the documentation has the rows of the table") {
  std::ifstream file(KATA_OCI_PAGE);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  std::vector<std::string> names;
  for (const Row& row : load_rows(KATA_OCI_ROWS)) names.push_back(name_of(row));
  CHECK_MESSAGE(properties_in(page) == names,
                "make it anew: oci-conformance --markdown > docs/oci-conformance.md");
}
