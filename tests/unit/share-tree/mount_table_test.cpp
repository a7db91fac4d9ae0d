// SPDX-License-Identifier: Apache-2.0
#include "mount_table.h"

#include <doctest/doctest.h>

using kata::share::mounts_below;
using Names = std::vector<std::string>;

TEST_CASE("mounts strictly below a directory are listed relative to it") {
  const char* table =
      "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "30 22 0:25 / /run rw,nosuid shared:5 - tmpfs tmpfs rw\n"
      "31 30 0:25 /k/a /run/k/a rw - tmpfs tmpfs rw\n"
      "32 30 0:25 /k/a/mounts /run/k/a/mounts rw shared:9 - tmpfs tmpfs rw\n"
      "33 32 8:1 /srv /run/k/a/mounts/one ro master:3 - ext4 /dev/sda1 rw\n"
      "34 30 0:25 / /run/k/ab/mounts rw - tmpfs tmpfs rw\n";
  CHECK(mounts_below(table, "/run/k/a") == Names{"mounts", "mounts/one"});
}

TEST_CASE("escaped characters of a mount point are decoded") {
  const char* table = "33 32 8:1 / /run/k/with\\040space\\011\\134x ro - ext4 /dev/sda1 rw\n";
  CHECK(mounts_below(table, "/run/k") == Names{"with space\t\\x"});
  CHECK(mounts_below("1 2 3:4 / /run/k/bad\\9z\\04 rw\n", "/run/k") == Names{"bad\\9z\\04"});
}

TEST_CASE("a table that is cut off or nonsense gives what is whole and no more") {
  CHECK(mounts_below("", "/run").empty());
  CHECK(mounts_below("\n\n \n  \n    \n", "/run").empty());
  CHECK(mounts_below("1 2 3:4", "/run").empty());
  CHECK(mounts_below("1 2 3:4 / ", "/run").empty());
  CHECK(mounts_below("1 2 3:4 / /run", "/run").empty());
  CHECK(mounts_below("1 2 3:4 / /run/", "/run").empty());
  CHECK(mounts_below("1 2 3:4 / /run/x", "/run") == Names{"x"});
  CHECK(mounts_below(std::string(100000, ' '), "/run").empty());
}
