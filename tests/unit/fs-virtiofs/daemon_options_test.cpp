// SPDX-License-Identifier: Apache-2.0
#include "daemon_options.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using kata::virtiofs::DaemonOption;
using kata::virtiofs::parse_extra_args;
using Args = std::vector<std::string>;

TEST_CASE("extra args of Kata's own configuration are accepted") {
  const auto options = parse_extra_args({"--thread-pool-size=1", "-o", "announce_submounts"});
  REQUIRE(options.ok());
  CHECK(options.value() ==
        std::vector<DaemonOption>{{"thread-pool-size", "1"}, {"announce-submounts", ""}});
}

TEST_CASE("every spelling of an extra arg gives the same option") {
  const std::vector<DaemonOption> expected{{"timeout", "5"}, {"no-flock", ""}};
  for (const Args& args :
       {Args{"-o", "timeout=5,no_flock"}, Args{"-otimeout=5", "-o", "no_flock"},
        Args{"--timeout=5", "--no-flock"}, Args{"--timeout", "5", "--no_flock"}}) {
    const auto options = parse_extra_args(args);
    REQUIRE(options.ok());
    CHECK(options.value() == expected);
  }
}

TEST_CASE("extra args cannot weaken the sandbox or change what is exported") {
  const std::vector<Args> injections{{"--sandbox=none"},
                                     {"--sandbox", "none"},
                                     {"-o", "sandbox=chroot"},
                                     {"-osandbox=none"},
                                     {"-o", "xattr,sandbox=none"},
                                     {"-o", "xattr,source=/"},
                                     {"--shared-dir=/"},
                                     {"--shared-dir", "/"},
                                     {"--shared_dir=/"},
                                     {"-o", "source=/"},
                                     {"--seccomp=none"},
                                     {"--seccomp", "none"},
                                     {"-o", "seccomp=none"},
                                     {"--fd=5"},
                                     {"--fd", "5"},
                                     {"--socket-path=/tmp/s"},
                                     {"--socket-group=users"},
                                     {"-o", "modcaps=+sys_admin"},
                                     {"--modcaps=+sys_admin"},
                                     {"--rlimit-nofile=0"},
                                     {"--daemonize"},
                                     {"--syslog"},
                                     {"-d"},
                                     {"-V"},
                                     {"--version"},
                                     {"--print-capabilities"},
                                     {"--uid-map=:0:0:1:"},
                                     {"/"},
                                     {""},
                                     {"-"},
                                     {"--"},
                                     {"-o"},
                                     {"-o", ""},
                                     {"-o", ","},
                                     {"--thread-pool-size"},
                                     {"--thread-pool-size="},
                                     {"--xattr=--sandbox=none"},
                                     {"--xattr", "--sandbox=none"},
                                     {"-o", "xattr,"},
                                     {"--timeout=5\n"},
                                     {"--no-announce-submounts"},
                                     {"--no-no-xattr"},
                                     {"--no-timeout=3"}};
  for (const Args& args : injections) {
    CAPTURE(args.front());
    const auto options = parse_extra_args(args);
    REQUIRE_FALSE(options.ok());
    CHECK(options.error().code == kata::ErrorCode::kInvalidArgument);
    CHECK(options.error().message.starts_with("virtio_fs_extra_args: "));
  }
}

TEST_CASE("a refused extra arg is named with what is accepted instead") {
  const auto options = parse_extra_args({"--sandbox=none"});
  REQUIRE_FALSE(options.ok());
  CHECK(options.error().message.find("'sandbox=none' is not accepted") != std::string::npos);
  CHECK(options.error().message.find("thread-pool-size=VALUE") != std::string::npos);
}
