// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "console_log.h"
#include "guest_console.h"
#include "vm_exit.h"

using namespace kata;
using namespace kata::vmm;

TEST_CASE("a tail is the last lines that are not blank") {
  CHECK(tail_of("a\nb\r\n\n  \nc", 2) == "b\nc");
  CHECK(tail_of("a\nb\n", 9) == "a\nb");
  CHECK(tail_of("a\nb\n", 0).empty());
  CHECK(tail_of("", 5).empty());
  CHECK(tail_of("\n\n\n", 5).empty());
}

TEST_CASE("a tail holds no escape sequence and no control character and no long line") {
  CHECK(tail_of("\x1b[31mred\x1b[0m\a\b\x7f \x1b]x", 1) == "red x");
  CHECK(tail_of("a\tb\xff\xc3", 1) == "a b??");
  CHECK(tail_of("\x1b", 1).empty());
  CHECK(tail_of("\x1b[", 1).empty());
  CHECK(tail_of(std::string(100'000, 'x'), 1).size() == kLongestLine);
  CHECK(tail_of(std::string(1 << 20, '\n') + "end", 3) == "end");
}

TEST_CASE("a log that grew is trimmed in place and keeps its end") {
  char name[] = "/tmp/kata-trim-XXXXXX";
  const UniqueFd file(::mkstemp(name));
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 3; ++i) REQUIRE(::write(file.get(), block.data(), block.size()) > 0);
  REQUIRE(::write(file.get(), "\nlast line\n", 11) == 11);
  trim_log(name);
  struct stat status {};
  REQUIRE(::fstat(file.get(), &status) == 0);
  CHECK(status.st_size == 3 * (1 << 20) + 11);
  CHECK(status.st_blocks * 512 < 256 * 1024);
  CHECK(read_tail(name, 1) == "last line");
  ::unlink(name);
}

TEST_CASE("a missing log has no tail and trimming it does nothing") {
  CHECK(read_tail("/nonexistent/console.log", 5).empty());
  trim_log("/nonexistent/console.log");
}

TEST_CASE("a panic is told by its own lines without time stamps") {
  CHECK(panic_lines("hello\n[    1.2] VFS: Unable to mount root fs on unknown-block(0,0)\n"
                    "[    1.3] Kernel panic - not syncing: VFS\n[    1.4] Call Trace:\n"
                    "[    1.5] ---[ end Kernel panic - not syncing: VFS ]---") ==
        "VFS: Unable to mount root fs on unknown-block(0,0); Kernel panic - not syncing: VFS");
  CHECK(panic_lines("all is well").empty());
  CHECK(panic_lines("Initramfs unpacking failed: junk in archive").empty());
  CHECK(panic_lines("").empty());
}

TEST_CASE("an exit is explained by the strongest evidence") {
  CHECK(describe_exit({.console_tail = "Kernel panic - not syncing: x", .rebooted = true}) ==
        "the guest kernel panicked: Kernel panic - not syncing: x");
  CHECK(describe_exit({}) == "the guest shut itself down");
  CHECK(describe_exit({.console_tail = "a\nb", .rebooted = true}) ==
        "the guest rebooted; its last console lines: a; b");
  CHECK(describe_exit({.vmm = "Acme", .status = {137}}) == "Acme ended with signal 9 (Killed)");
  CHECK(describe_exit({.vmm = "Acme", .status = {1}, .stderr_tail = "no\nroom"}) ==
        "Acme ended with exit code 1: no; room");
  CHECK(describe_exit({.vmm = "Acme", .stderr_tail = "terminating on signal 15", .killed = true}) ==
        "Acme ended with exit code 0: terminating on signal 15");
  CHECK(describe_exit({.status = {-1}}).find("not our child") != std::string::npos);
}

TEST_CASE("a guest's console is still told when its file has gone") {
  char name[] = "/tmp/kata-console-XXXXXX";
  const UniqueFd file(::mkstemp(name));
  GuestConsole console(name);
  CHECK(console.tail(3).empty());
  REQUIRE(::write(file.get(), "one\ntwo\n", 8) == 8);
  CHECK(console.tail(1) == "two");
  console.remove_file();
  CHECK_FALSE(std::filesystem::exists(name));
  CHECK(console.tail(9) == "one\ntwo");
  console.remove_file();
  CHECK(console.tail(1) == "two");
}
