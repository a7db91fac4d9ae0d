// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/bench/measurement.h"

TEST_CASE("what the agent costs a guest is measured") {
  const auto seen = kata::test::run_measurement("bench-guest-memory", {"1"});
  CHECK(seen.measured == std::set<std::string>{"V12"});
}
