// SPDX-License-Identifier: Apache-2.0
//
// kata-runtime exec ID: a shell on the guest itself. The guest is ours with a busybox in it.
#include <doctest/doctest.h>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* kConsoleOn = "[agent.kata]\ndebug_console_enabled = true\n";

void run_sleeper(const Runtime& runtime) {
  runtime.make("c1", default_spec({"/bin/sleep", "1000"}));
  const CommandResult result = runtime({"run", "--detach", "--bundle", runtime.bundle("c1"), "c1"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
}

// The kernel unpacks archives that follow each other over each other.
fs::path initrd_with_shell(const Runtime& runtime) {
  const fs::path tree = runtime.directory() / "tree", image = runtime.directory() / "initrd.img";
  fs::create_directories(tree / "bin");
  fs::copy_file("/bin/busybox", tree / "bin/sh");
  const std::string script = "cat " + (runtime.guest() / "initrd.img").string() + " > " +
                             image.string() + " && cd " + tree.string() +
                             " && find bin | cpio --quiet -o -H newc >> " + image.string();
  const CommandResult made = run({"/bin/sh", "-c", script});
  REQUIRE_MESSAGE(made.exit_code == 0, made.err);
  return image;
}

}  // namespace

TEST_CASE("the debug console is a shell on the guest for one after the other") {
  const Runtime runtime;
  runtime.configure("initrd = \"" + initrd_with_shell(runtime).string() + "\"\n", kConsoleOn);
  run_sleeper(runtime);
  // By the container's id and by its sandbox's, which is the same; the second ends with its input.
  for (const char* typed : {"echo $$ $((40 + 2)); exit\n", "echo again $((40 + 2))\n"}) {
    const CommandResult shell = runtime({"exec", "c1"}, typed);
    CHECK_MESSAGE(shell.exit_code == 0, shell.err);
    CHECK_MESSAGE(shell.out.find(" 42\r\n") != std::string::npos, shell.out);
    CHECK(shell.out.find("kata-console-end") == std::string::npos);
  }
  CHECK(runtime({"exec", "c1", "/bin/true"}).exit_code == 0);
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a guest without a shell says so on its debug console") {
  const Runtime runtime;
  runtime.configure("", kConsoleOn);
  run_sleeper(runtime);
  const CommandResult shell = runtime({"exec", "c1"});
  CHECK_MESSAGE(shell.out.find("the guest has no shell") != std::string::npos, shell.out);
  CHECK(shell.exit_code == 0);
}

TEST_CASE("without a debug console exec of an id alone names the key that makes one") {
  const Runtime runtime;
  run_sleeper(runtime);
  const CommandResult shell = runtime({"exec", "c1"});
  CHECK(shell.exit_code == 255);
  CHECK_MESSAGE(shell.err.find("debug_console_enabled = true in [agent.kata]") != std::string::npos,
                shell.err);
  CHECK(shell.err.find("expected a command") != std::string::npos);
  CHECK(runtime({"exec", "nobody"}).exit_code == 255);
}
