// SPDX-License-Identifier: Apache-2.0
#include "sandbox/console_end.h"

#include <doctest/doctest.h>

#include "protocol/console_end.h"

using namespace kata;
using namespace kata::sandbox;

TEST_CASE("the end of a console is found wherever reads cut it and nothing after it is shown") {
  const std::string stream = "a\x1b[0m$ exit\r\n" + std::string(kConsoleEnd) + "b";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    ConsoleEndFinder finder;
    std::string shown = finder.take(stream.substr(0, cut));
    shown += finder.take(stream.substr(cut));
    CHECK_MESSAGE(shown == "a\x1b[0m$ exit\r\n", cut);
    CHECK(finder.seen());
    CHECK(finder.take("c").empty());
  }
}

TEST_CASE("what only begins like the end of a console is shown once it goes on otherwise") {
  ConsoleEndFinder finder;
  std::string shown;
  for (const char c : "\x1b\x1b_kata-console\x1b_kata-console-end\x1b!" + std::string())
    shown += finder.take({&c, 1});
  CHECK_FALSE(finder.seen());
  CHECK(shown == "\x1b\x1b_kata-console\x1b_kata-console-end\x1b!");
  CHECK(finder.take("\x1b_kata") == "");
  CHECK(finder.take("x") == "\x1b_katax");
}
