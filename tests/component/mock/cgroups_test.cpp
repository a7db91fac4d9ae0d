// SPDX-License-Identifier: Apache-2.0
#include "cgroups.h"

#include <doctest/doctest.h>

using namespace kata::mock;
using Paths = std::vector<std::string>;

TEST_CASE("a mock VM's groups are below those of its sandbox in each hierarchy with controllers") {
  const char* const mounts =
      "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  CHECK(cgroup_directories("4:memory:/pod/one\n2:cpu,cpuacct:/\n9:name=systemd:/x\n0::/\n", mounts,
                           "vm") ==
        Paths{"/sys/fs/cgroup/cpu,cpuacct/vm", "/sys/fs/cgroup/memory/pod/one/vm"});
}

TEST_CASE("a mock VM's group is found on the unified hierarchy and below a mount's root") {
  CHECK(cgroup_directories("0::/pod\n", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                           "vm") == Paths{"/sys/fs/cgroup/pod/vm"});
  CHECK(cgroup_directories("4:memory:/docker/1/pod\n",
                           "35 31 0:32 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup memory\n",
                           "vm") == Paths{"/sys/fs/cgroup/memory/pod/vm"});
}

TEST_CASE("broken tables of the kernel give no group") {
  for (const char* mounts : {"", "41", "41 31 0:38 / /x", "- cgroup", "1 2 3 4 5 6 - cgroup"})
    CHECK(cgroup_directories("4:memory:/a\n:\n::\n", mounts, "vm").empty());
}
