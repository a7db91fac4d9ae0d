// SPDX-License-Identifier: Apache-2.0
//
// An interactive shell in a VM, with a person at a pseudo-terminal.
#include <doctest/doctest.h>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/pty.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;

namespace {
nlohmann::json shell_spec() {
  nlohmann::json spec = default_spec({"/bin/sh"});
  spec["process"]["terminal"] = true;
  spec["process"]["env"].push_back("PS1=prompt> ");
  return spec;
}
}  // namespace

TEST_CASE("a shell on a terminal prompts echoes follows resizes and obeys the control keys") {
  const Runtime runtime;
  runtime.make("bundle", shell_spec());
  Terminal terminal(runtime.command({"run", "--bundle", runtime.bundle("bundle"), "c1"}),
                    runtime.options(), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("prompt> "), terminal.seen());
  terminal.type("stty size\r");
  CHECK_MESSAGE(terminal.expect("stty size"), terminal.seen());  // the echo
  CHECK_MESSAGE(terminal.expect("24 80"), terminal.seen());
  terminal.resize(50, 132);
  CHECK(eventually(
      [&] {
        terminal.type("stty size\r");
        return terminal.expect("50 132", std::chrono::seconds(1));
      },
      std::chrono::seconds(10)));
  // The quotes keep the echo of the line from looking like the answer: only a program that runs
  // says "asleep". Control C before that would flush the line instead of ending the program.
  terminal.type("sh -c 'echo as\"\"leep; exec sleep 100'\r");
  REQUIRE_MESSAGE(terminal.expect("asleep"), terminal.seen());
  terminal.type("\x03");
  CHECK_MESSAGE(terminal.expect("prompt> "), terminal.seen());
  terminal.type("echo status=$?\r");
  CHECK_MESSAGE(terminal.expect("status=130"), terminal.seen());
  terminal.type("exit 5\r");
  CHECK(terminal.wait(std::chrono::seconds(20)) == 5);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("control D at the prompt ends the shell") {
  const Runtime runtime;
  runtime.make("bundle", shell_spec());
  Terminal terminal(runtime.command({"run", "--bundle", runtime.bundle("bundle"), "c1"}),
                    runtime.options(), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("prompt> "), terminal.seen());
  terminal.type("\x04");
  CHECK(terminal.wait(std::chrono::seconds(20)) == 0);
}

TEST_CASE("exec with a terminal works beside the running container") {
  const Runtime runtime;
  runtime.make("bundle", default_spec({"/bin/sleep", "1000"}));
  REQUIRE(runtime({"run", "--detach", "--bundle", runtime.bundle("bundle"), "c1"}).exit_code == 0);
  Terminal terminal(runtime.command({"exec", "--tty", "--env", "PS1=inner> ", "c1", "/bin/sh"}),
                    runtime.options(), 30, 90);
  REQUIRE_MESSAGE(terminal.expect("inner> "), terminal.seen());
  terminal.type("tty; stty size; exit 9\r");
  CHECK_MESSAGE(terminal.expect("30 90"), terminal.seen());
  CHECK(terminal.wait(std::chrono::seconds(20)) == 9);
}
