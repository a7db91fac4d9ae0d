// SPDX-License-Identifier: Apache-2.0
#include "agent/log_json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace kata;
using namespace kata::agent;

TEST_CASE("a log line is one JSON object with the keys of Kata's log parser") {
  const std::chrono::system_clock::time_point time(
      std::chrono::nanoseconds(1'700'000'000'000'000'042));
  const std::string line =
      json_line(log::Level::kWarn, "it \"broke\"\n", {{"container", "a\x01\\b"}}, time, 7);
  REQUIRE(line.ends_with("}\n"));
  CHECK(line.find('\n') == line.size() - 1);
  const auto parsed = nlohmann::json::parse(line);
  CHECK(parsed["msg"] == "it \"broke\"\n");
  CHECK(parsed["level"] == "WARN");
  CHECK(parsed["ts"] == "2023-11-14T22:13:20.000000042Z");
  CHECK(parsed["pid"] == "7");
  CHECK(parsed["name"] == "kata-agent");
  CHECK(parsed["source"] == "agent");
  CHECK(parsed.contains("subsystem"));
  CHECK(parsed.contains("version"));
  CHECK(parsed["container"] == "a\x01\\b");
}

TEST_CASE("each level has Kata's name") {
  const auto name = [](log::Level level) {
    return nlohmann::json::parse(json_line(level, "", {}, {}, 1))["level"].get<std::string>();
  };
  CHECK(name(log::Level::kTrace) == "TRCE");
  CHECK(name(log::Level::kDebug) == "DEBG");
  CHECK(name(log::Level::kInfo) == "INFO");
  CHECK(name(log::Level::kError) == "ERRO");
}

TEST_CASE("hostile text stays one valid JSON string") {
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    const std::string text{'a', static_cast<char>(byte), 'b'};
    const std::string quoted = json_string(text);
    nlohmann::json parsed;
    REQUIRE_NOTHROW(parsed = nlohmann::json::parse(quoted));
    if (byte < 0x80) CHECK(nlohmann::json::parse(quoted) == text);
    for (const char c : quoted) CHECK(static_cast<unsigned char>(c) >= 0x20);
  }
}

TEST_CASE("well-formed UTF-8 passes and malformed sequences are replaced") {
  CHECK(json_string("größe €😀") == "\"größe €😀\"");
  for (const char* text : {"\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5",
                           "\x80", "\xe2\x82", "\xf0\x9f\x98"}) {
    CAPTURE(text);
    const std::string quoted = json_string(text);
    CHECK(quoted.find("\\ufffd") != std::string::npos);
    nlohmann::json parsed;
    CHECK_NOTHROW(parsed = nlohmann::json::parse(quoted));
  }
}
