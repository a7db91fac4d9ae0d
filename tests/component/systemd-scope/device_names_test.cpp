// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "programs/kata-systemd-scope/device_names.h"
#include "programs/kata-systemd-scope/options.h"

using namespace kata::systemd_scope;

TEST_CASE(
    "device rules become systemd's names of devices and a driver that is not there has none") {
  const char* numbers =
      "Character devices:\n  1 mem\n  7 vcs\n136 pts\n\nBlock devices:\n  7 loop\n259 blkext\n";
  const auto names = device_names({{'c', -1, -1, "m"},
                                   {'b', -1, -1, "m"},
                                   {'c', 10, 232},
                                   {'c', 136, -1},
                                   {'b', 7, -1},
                                   {'b', 136, -1},
                                   {'c', 259, -1},
                                   {'c', 500, -1}},
                                  numbers);
  const std::vector<DeviceAllow> expected = {{"char-*", "m"},
                                             {"block-*", "m"},
                                             {"/dev/char/10:232", "rwm"},
                                             {"char-pts", "rwm"},
                                             {"block-loop", "rwm"}};
  CHECK(names == expected);
  CHECK(device_names({{'c', 1, -1}}, "no table\n1\nx y\n") == std::vector<DeviceAllow>{});
}

TEST_CASE("words that are no call are refused and name the operand") {
  const std::vector<std::vector<std::string>> calls = {
      {},
      {"start"},
      {"stop", "u.scope"},
      {"stop", "u.scope", "0"},
      {"stop", "u.scope", "601"},
      {"stop", "u.scope", "1", "1"},
      {"start", "u.scope", "a.slice", "-1", "1"},
      {"start", "u.scope", "a.slice", "0", "1"},
      {"start", "u.scope", "a.slice", "1x", "1"},
      {"start", "u.scope", "a.slice", "99999999999", "1"},
      {"begin", "u.scope", "a.slice", "1", "1"}};
  for (const auto& words : calls) {
    CAPTURE(words.size());
    const auto options = parse_options(words);
    REQUIRE_FALSE(options.ok());
    CHECK(options.error().message.find("expected ") != std::string::npos);
  }
  const auto options = parse_options({"start", "u.scope", "a.slice", "7", "30"});
  REQUIRE(options.ok());
  CHECK((options.value().start && options.value().pid == 7 && options.value().time.count() == 30));
}
