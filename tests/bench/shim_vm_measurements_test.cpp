// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/bench/measurement.h"

TEST_CASE("the shim is measured beside runc's") {
  const auto seen = kata::test::run_measurement("bench-shim", {"1", "20"});
  CHECK(seen.measured == std::set<std::string>{"N3", "N4", "S1", "S2", "S3", "S5", "S6"});
}
