// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/stdio_target.h"

#include <doctest/doctest.h>

using namespace kata;
using namespace kata::shim_v2;
using Kind = StdioTarget::Kind;

TEST_CASE("an output is a FIFO by its path or what its URI names") {
  struct Row {
    const char* uri;
    StdioTarget expected;
  };
  const Row rows[] = {
      {"", {}},
      {"/run/f/stdout", {Kind::kFifo, "/run/f/stdout", {}}},
      {"fifo:///run/f", {Kind::kFifo, "/run/f", {}}},
      {"file:///var/log/a%20b", {Kind::kFile, "/var/log/a b", {}}},
      {"file:///var/log/a?b=c", {Kind::kFile, "/var/log/a", {}}},
      {"binary:///bin/logger", {Kind::kBinary, "/bin/logger", {}}},
      {"binary:///bin/logger?id=a+b&flag&x=%2Fy%3d",
       {Kind::kBinary, "/bin/logger", {"id", "a b", "flag", "", "x", "/y="}}},
      {"binary:///bin/logger?&&a=1", {Kind::kBinary, "/bin/logger", {"a", "1"}}},
  };
  for (const Row& row : rows) {
    INFO(row.uri);
    const auto target = parse_stdio_target(row.uri);
    REQUIRE(target.ok());
    CHECK(target.value() == row.expected);
  }
}

TEST_CASE("an output that names nothing to write to is refused") {
  for (const char* uri : {"stdout", "binary://logger", "file://", "http:///x", "://", "file:///a%",
                          "file:///a%4", "file:///a%zz", "file:///a%00b", "binary:///b?x=%"}) {
    INFO(uri);
    const auto target = parse_stdio_target(uri);
    REQUIRE_FALSE(target.ok());
    CHECK(target.error().message.find(uri) != std::string::npos);
  }
}
