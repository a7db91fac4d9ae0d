// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/config/document.h"

namespace kata::config {

namespace {

std::string refusal(const std::string& text) {
  const auto document = parse_toml(text, "d.toml");
  REQUIRE_FALSE(document.ok());
  return document.error().message;
}

}  // namespace

TEST_CASE("each TOML type becomes its JSON text with the place of its key") {
  const auto parsed = parse_toml(
      "a = 1\nb = 1.5\nc = \"x\\ty\"\n  d = [true, \"s\"]\n[t.u]\ne = 2.0\nf = [{g = 1}]\n",
      "d.toml");
  REQUIRE(parsed.ok());
  const Document& document = parsed.value();
  CHECK(document.values.at("a") == Value{"1", {"d.toml", 1, 1}});
  CHECK(document.values.at("b").json == "1.5");
  CHECK(document.values.at("c").json == "\"x\\ty\"");
  CHECK(document.values.at("d") == Value{"[true,\"s\"]", {"d.toml", 4, 3}});
  CHECK(document.values.at("t.u.e").json == "2.0");
  CHECK(document.values.at("t.u.f").json == "[{\"g\":1}]");
  CHECK(document.tables.contains("t"));
  CHECK(document.tables.contains("t.u"));
}

TEST_CASE("a line that starts with a letter beyond ASCII is refused with its place") {
  for (const char* line : {"\xc3\xa9 = 1\n", "\xef\xb9\xbf", "\xe2\x82\xac"}) {
    CAPTURE(line);
    CHECK(refusal(line).find("d.toml:1:1") != std::string::npos);
  }
}

TEST_CASE("an inline table is a table") {
  const auto parsed = parse_toml("a = {b = {c = 1}}\n", "d.toml");
  REQUIRE(parsed.ok());
  CHECK(parsed.value().values.at("a.b.c").json == "1");
}

TEST_CASE("a table header that starts with no key character is refused with its place") {
  for (const char* text : {"[=]\n", "[[=]]\n", "[a.=]\n", "[\n]\n"}) {
    CAPTURE(text);
    CHECK(refusal(text).find("d.toml") != std::string::npos);
  }
}

TEST_CASE("text that is not TOML is refused with its place") {
  CHECK(refusal("a = \n").starts_with("d.toml:1:"));
  CHECK(refusal("a = 1\na = 2\n").starts_with("d.toml:2:"));
  CHECK(refusal("\n\n[t\n").starts_with("d.toml:3:"));
  CHECK(refusal("a = \"\xff\xfe\"\n").find("not valid TOML") != std::string::npos);
}

TEST_CASE("dates and numbers that are not finite are refused") {
  CHECK(refusal("a = 1979-05-27\n").find("date") != std::string::npos);
  CHECK(refusal("a = nan\n").find("finite") != std::string::npos);
  CHECK(refusal("a = [inf]\n").find("finite") != std::string::npos);
}

TEST_CASE("keys that no table of ours can have are refused") {
  CHECK(refusal("\"a.b\" = 1\n").find("expected letters") != std::string::npos);
  CHECK(refusal("\"\" = 1\n").find("expected letters") != std::string::npos);
}

TEST_CASE("deep nesting is refused and does not exhaust the stack") {
  std::string dotted = "a";
  for (int i = 0; i < 200000; ++i) dotted += ".a";
  CHECK(refusal(dotted + " = 1\n").find("nested deeper") != std::string::npos);
  CHECK(refusal("[" + dotted + "]\n").find("nested deeper") != std::string::npos);
  CHECK(refusal("x = {" + dotted + " = 1}\n").find("nested deeper") != std::string::npos);
  CHECK_FALSE(parse_toml("a = " + std::string(100000, '['), "d.toml").ok());
  CHECK(refusal("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1\n").find("nested deeper") !=
        std::string::npos);
}

TEST_CASE("overlay merges tables and replaces values and arrays") {
  auto below = parse_toml("[t]\na = [1, 2]\nb = 1\n", "1.toml").take();
  overlay(below, parse_toml("[t]\na = [3]\nc = 4\n[u]\n", "2.toml").take());
  CHECK(below.values.at("t.a") == Value{"[3]", {"2.toml", 2, 1}});
  CHECK(below.values.at("t.b").origin.file == "1.toml");
  CHECK(below.values.at("t.c").json == "4");
  CHECK(below.tables.contains("u"));
}

}  // namespace kata::config
