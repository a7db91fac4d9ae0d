// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <doctest/doctest.h>

using namespace kata;
using namespace kata::ksm;

TEST_CASE("the defaults are Kata's ladder") {
  const Settings settings = parse_settings("{}").value();
  CHECK(settings.policy == Policy::kLadder);
  CHECK(settings.ladder.aggressive_pace.divisor == 10);
  CHECK(settings.ladder.slow_pace.sleep_ms == 100);
  CHECK(settings.ladder.aggressive == std::chrono::seconds(30));
}

TEST_CASE("each rung has its own keys") {
  const Settings settings =
      parse_settings(R"({"policy":"adaptive","standard_divisor":7,"slow_s":9,"sample_ms":20})")
          .value();
  CHECK(settings.policy == Policy::kAdaptive);
  CHECK(settings.ladder.standard_pace.divisor == 7);
  CHECK(settings.ladder.slow == std::chrono::seconds(9));
  CHECK(settings.adaptive.sample == std::chrono::milliseconds(20));
}

TEST_CASE("a value out of range is refused by its key") {
  for (const char* key : {"aggressive_divisor", "standard_s", "rest_s"}) {
    const auto parsed = parse_settings(std::string("{\"") + key + "\":0}");
    REQUIRE(!parsed.ok());
    CHECK(parsed.error().message.starts_with(std::string(key) + " = 0: must be 1 to "));
  }
  CHECK(!parse_settings(R"({"slow_sleep_ms":-1})").ok());
  CHECK(!parse_settings(R"({"sample_ms":0})").ok());
  CHECK(!parse_settings(R"({"most_cpu_pressure_percent":101})").ok());
}

TEST_CASE("a number that no integer holds is refused by its key") {
  for (const char* number : {"2e50", "-2e50", "1.5", "18446744073709551615", "\"7\"", "null"}) {
    const auto parsed = parse_settings(std::string("{\"sample_ms\":") + number + "}");
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message.starts_with(std::string("sample_ms = ")));
    CHECK(parsed.error().message.ends_with(": must be a whole number"));
  }
}

TEST_CASE("an unknown policy and a relative directory are refused") {
  CHECK(!parse_settings(R"({"policy":"clever"})").ok());
  CHECK(!parse_settings(R"({"sysfs_directory":"ksm"})").ok());
  CHECK(!parse_settings("{").ok());
}
