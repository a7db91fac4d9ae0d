// SPDX-License-Identifier: Apache-2.0
#include "daemon_flavour.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace kata::virtiofs;
using Line = std::vector<std::string>;

namespace {

const DaemonLaunch kLaunch{"/run/k/x/fs/shared", 3, 20000};

Line command_line(Flavour flavour, DaemonSettings settings) {
  settings.daemon = "/usr/lib/virtiofsd";
  auto line = daemon_command_line(flavour, settings, kLaunch);
  REQUIRE(line.ok());
  return line.take();
}

auto count(const Line& line, const std::string& word) {
  return std::count(line.begin(), line.end(), word);
}

}  // namespace

TEST_CASE("the flavour is told from what --version prints") {
  CHECK(flavour_of("virtiofsd version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\n"
                   "Copyright (c) 2003-2022 Fabrice Bellard and the QEMU Project developers\n"
                   "using FUSE kernel interface version 7.36\n")
            .value() == Flavour::kQemu);
  CHECK(flavour_of("virtiofsd 1.13.2\n").value() == Flavour::kRust);
  CHECK(flavour_of("virtiofsd backend 1.1.0\n").value() == Flavour::kRust);
}

TEST_CASE("a program that is no virtiofsd is refused") {
  for (const char* output :
       {"", "true (GNU coreutils) 9.1\n", "virtiofsd ", "virtiofsd", "virtiofsd x"})
    CHECK_FALSE(flavour_of(output).ok());
}

TEST_CASE("QEMU's daemon gets its own command line") {
  CHECK(command_line(Flavour::kQemu, {}) ==
        Line{"/usr/lib/virtiofsd", "-f", "--fd=3", "--rlimit-nofile=20000", "-o",
             "source=/run/k/x/fs/shared", "-o", "cache=auto", "-o", "sandbox=namespace", "-o",
             "announce_submounts", "-o", "log_level=info", "-o", "xattr"});
}

TEST_CASE("the Rust daemon gets its own command line") {
  CHECK(command_line(Flavour::kRust, {}) ==
        Line{"/usr/lib/virtiofsd", "--fd=3", "--shared-dir=/run/k/x/fs/shared", "--cache=auto",
             "--sandbox=namespace", "--seccomp=kill", "--rlimit-nofile=20000",
             "--announce-submounts", "--log-level=info", "--xattr"});
}

TEST_CASE("the cache mode is spelled as each daemon knows it") {
  CHECK(count(command_line(Flavour::kQemu, {.cache = "never"}), "cache=none") == 1);
  CHECK(count(command_line(Flavour::kRust, {.cache = "never"}), "--cache=never") == 1);
  CHECK(count(command_line(Flavour::kRust, {.cache = "metadata"}), "--cache=metadata") == 1);
  const auto refused = daemon_command_line(Flavour::kQemu, {.cache = "metadata"}, kLaunch);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("virtio_fs_daemon") != std::string::npos);
}

TEST_CASE("extra options follow in the daemon's own spelling") {
  const DaemonSettings settings{
      .extra = {{"thread-pool-size", "1"}, {"no-posix-lock", ""}, {"timeout", "5"}}};
  const Line qemu = command_line(Flavour::kQemu, settings);
  CHECK(Line(qemu.end() - 5, qemu.end()) ==
        Line{"--thread-pool-size=1", "-o", "no_posix_lock", "-o", "timeout=5"});
  const Line rust = command_line(Flavour::kRust, settings);
  CHECK(Line(rust.end() - 3, rust.end()) ==
        Line{"--thread-pool-size=1", "--no-posix-lock", "--timeout=5"});
}

TEST_CASE("an option that is given anyway is not given twice") {
  const DaemonSettings settings{.extra = {{"xattr", ""}, {"announce-submounts", ""}}};
  CHECK(count(command_line(Flavour::kRust, settings), "--xattr") == 1);
  CHECK(count(command_line(Flavour::kRust, settings), "--announce-submounts") == 1);
}

TEST_CASE("extended attributes can be switched off") {
  const DaemonSettings settings{.extra = {{"no-xattr", ""}}};
  CHECK(count(command_line(Flavour::kQemu, settings), "xattr") == 0);
  CHECK(count(command_line(Flavour::kQemu, settings), "no_xattr") == 1);
  CHECK(count(command_line(Flavour::kRust, settings), "--xattr") == 0);
}

TEST_CASE("a comma in the run directory cannot add options to QEMU's daemon") {
  const DaemonLaunch launch{"/run/k,sandbox=chroot/shared", 3, 1000};
  CHECK_FALSE(daemon_command_line(Flavour::kQemu, {}, launch).ok());
  CHECK(daemon_command_line(Flavour::kRust, {}, launch).ok());
}
