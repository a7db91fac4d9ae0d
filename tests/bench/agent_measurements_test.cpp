// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/bench/measurement.h"

using kata::test::Measurement;
using kata::test::run_measurement;
using Ids = std::set<std::string>;

TEST_CASE("the agent's footprint is measured beside a peer") {
  const Measurement seen = run_measurement("bench-agent-footprint");
  CHECK(seen.measured == Ids{"A1", "A2"});
  CHECK(seen.without_value.empty());
  CHECK(seen.beside_peer == 3);
}

TEST_CASE("the agent's calls are measured beside its peers") {
  const Measurement seen = run_measurement("bench-agent-rpc", {"1"});
  CHECK(seen.measured == Ids{"A3", "A4", "A5", "A6"});
  CHECK(seen.without_value == std::vector<std::string>{"  / Rust ttRPC 0.5 echo"});
  CHECK(seen.beside_peer == 3);
}

TEST_CASE("the agent's processes are measured beside its peers") {
  const Measurement seen = run_measurement("bench-agent-exec", {"2", "5", "2"});
  CHECK(seen.measured == Ids{"A7", "A8", "A11"});
  CHECK(seen.without_value.empty());
  CHECK(seen.beside_peer == 4);
}

TEST_CASE("the agent's streams are measured beside its peers") {
  const Measurement seen = run_measurement("bench-agent-stdout", {"1", "4"});
  CHECK(seen.measured == Ids{"A9", "A10"});
  CHECK(seen.without_value.empty());
  CHECK(seen.beside_peer == 2);
}
