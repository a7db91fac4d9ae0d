// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/bench/measurement.h"

TEST_CASE("containers and execs of the shim are measured without a VM") {
  const auto seen = kata::test::run_measurement("bench-shim-tasks", {"2", "10", "1"});
  CHECK(seen.measured == std::set<std::string>{"N1", "N2", "N3", "N4", "N7", "S4", "S7"});
  CHECK(seen.without_value.empty());
}
