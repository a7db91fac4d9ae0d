// SPDX-License-Identifier: Apache-2.0
#include "core/base/resident_memory.h"

#include <doctest/doctest.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace {

// Pages of files in this process's memory.
long file_pages() {
  std::ifstream statm("/proc/self/statm");
  long size = 0, resident = 0, of_files = 0;
  statm >> size >> resident >> of_files;
  return of_files;
}

std::string written_at_start = "before";
std::string* const relocated = &written_at_start;

}  // namespace

TEST_CASE("what set-up has mapped of program and libraries is given back") {
  const long before = file_pages();
  kata::release_setup_pages();
  const long after = file_pages();
  CHECK(after < before / 2);
}

TEST_CASE("a process goes on with its data after its pages were given back") {
  written_at_start = "after";
  kata::release_setup_pages();
  CHECK(*relocated == "after");
  CHECK_THROWS_AS(static_cast<void>(std::stoi("no number")), std::invalid_argument);
}
