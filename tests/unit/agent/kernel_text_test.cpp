// SPDX-License-Identifier: Apache-2.0
#include "agent/container/kernel_text.h"

#include <doctest/doctest.h>

namespace kata::agent {

TEST_CASE("a kernel number is digits and nothing else") {
  CHECK(kernel_number("18446744073709551615\n") == 18446744073709551615U);
  for (const char* text : {"", "\n", "max\n", "-1", "+1", "1 ", "0x1", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(kernel_number(text).has_value());
  }
}

TEST_CASE("counters are read by name and broken lines are skipped") {
  const char* text = "low 0\nhigh\noom x\noom_kill 3\n\n 7\noom_kill_group 9";
  CHECK(counter(text, "oom_kill") == 3);
  CHECK(counter(text, "oom_kill_group") == 9);
  CHECK(counter(text, "oom") == 0);
  CHECK(counter("", "oom") == 0);
}

TEST_CASE("lists of processors are counted") {
  CHECK(cpu_count("0\n") == 1U);
  CHECK(cpu_count("0-3,5,8-9\n") == 7U);
  CHECK(cpu_count("\n") == 0U);
  for (const char* list :
       {"3-0", "a", "0-", "-1", "0,,2", "0-99999999", "0-18446744073709551615"}) {
    CAPTURE(list);
    CHECK_FALSE(cpu_count(list).has_value());
  }
}

TEST_CASE("network counters need a name and sixteen numbers") {
  const auto devices = parse_net_dev(
      "Inter-|   Receive\n face |bytes\n"
      "  eth0:  1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
      "a:b: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
      "short: 1 2 3\n"
      "word: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x\n");
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].name == "eth0");
  CHECK(devices[0].numbers[8] == 9);
  CHECK(devices[1].name == "a:b");
}

TEST_CASE("mounts are read whatever optional fields they have") {
  const auto mounts = parse_mountinfo(
      "36 35 98:0 / /a\\040b rw,noatime shared:1 master:2 - ext4 /dev/sda rw\n"
      "37 35 0:5 / /c ro - tmpfs none rw\n"
      "38 35 0:5 / /d rw - tmpfs\n"
      "39 35 0:5 / /e rw shared:1 tmpfs none rw\n"
      "x\n");
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0].mount_point == "/a b");
  CHECK(mounts[0].device_number == "98:0");
  CHECK(mounts[0].source == "/dev/sda");
  CHECK(mounts[1].options == "ro");
  CHECK(mounts[1].filesystem == "tmpfs");
}

TEST_CASE("an escape at the end of a mount line stays as it is") {
  const auto mounts = parse_mountinfo("1 2 3:4 / /a\\04 rw - t s\\ rw\n");
  REQUIRE(mounts.size() == 1);
  CHECK(mounts[0].mount_point == "/a\\04");
  CHECK(mounts[0].source == "s\\");
}

}  // namespace kata::agent
