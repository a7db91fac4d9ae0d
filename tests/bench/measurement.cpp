// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/measurement.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "tests/integration/harness/command.h"

namespace kata::test {

Measurement run_measurement(const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), concat(KATA_BENCH_DIR, '/', program));
  CommandOptions options;
  options.environment = {{"PEER_AGENT", KATA_AGENT}};
  const auto ran = run(arguments, options);
  REQUIRE_MESSAGE(ran.exit_code <= 1, ran.err);  // 1: a limit was missed
  const auto json = nlohmann::json::parse(ran.out, nullptr, false);
  REQUIRE_MESSAGE(json.is_object(), ran.out);
  Measurement seen;
  for (const auto& row : json.at("rows")) {
    const std::string what = row.at("what");
    if (row.contains("value"))
      seen.measured.insert(row.at("id").get<std::string>());
    else
      seen.without_value.push_back(what);
    if (what.find("PEER_AGENT") != std::string::npos) ++seen.beside_peer;
  }
  return seen;
}

}  // namespace kata::test
