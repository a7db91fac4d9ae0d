// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/bench/measurement.h"

using kata::test::Measurement;
using kata::test::run_measurement;
using Ids = std::set<std::string>;

TEST_CASE("the plugin boundary is measured") {
  const Measurement seen = run_measurement("bench-plugin-host", {"1"});
  CHECK(seen.measured == Ids{"P1", "P3", "P5"});
  CHECK(seen.without_value.empty());
}

TEST_CASE("plugins as files are measured beside the same inside the proxy") {
  const Measurement seen = run_measurement("bench-plugin-build", {"1"});
  CHECK(seen.measured == Ids{"P2", "P4"});
  CHECK(seen.without_value.empty());
}

TEST_CASE("many sandboxes are measured") {
  const Measurement seen = run_measurement("bench-sandbox-scale", {"20"});
  CHECK(seen.measured.contains("N5"));
}
