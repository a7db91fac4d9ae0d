// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/words.h"

#include <doctest/doctest.h>

using kata::agentctl::split_line;
using kata::agentctl::Words;

TEST_CASE("a line is cut at blanks outside quotes and JSON") {
  const struct {
    const char* line;
    Words words;
  } kLines[] = {
      {"", {}},
      {"  \t ", {}},
      {"Check", {"Check"}},
      {" a  b\tc\r\n", {"a", "b", "c"}},
      {"a 'b c' \"d e\"", {"a", "b c", "d e"}},
      {"x='a b'c", {"x=a bc"}},
      {"''", {""}},
      {R"("a\"b" 'a\b' a\ b)", {"a\"b", R"(a\b)", "a b"}},
      {R"(R {"a": "x y"} k=v)", {"R", R"({"a": "x y"})", "k=v"}},
      {R"(R json://{"a": [1, 2]} k=v)", {"R", R"(json://{"a": [1, 2]})", "k=v"}},
      {R"(R OCI={"a": "}"} b=[1, 2])", {"R", R"(OCI={"a": "}"})", "b=[1, 2]"}},
      {R"({"a": "\"}"})", {R"({"a": "\"}"})"}},
      {"name=a{b c", {"name=a{b", "c"}},
      {"Check # a remark", {"Check"}},
      {"a#b", {"a#b"}},
  };
  for (const auto& [line, words] : kLines) {
    CAPTURE(line);
    const auto split = split_line(line);
    REQUIRE(split.ok());
    CHECK(split.value() == words);
  }
}

TEST_CASE("what is not closed is refused by its opening") {
  const struct {
    const char* line;
    const char* what;
  } kLines[] = {{"a 'b", "'''"}, {"a \"b", "'\"'"}, {"{\"a\": 1", "'{'"}, {"a=[1", "'['"}};
  for (const auto& [line, what] : kLines) {
    CAPTURE(line);
    const auto split = split_line(line);
    REQUIRE_FALSE(split.ok());
    CHECK(split.error().message.find(what) != std::string::npos);
  }
}
