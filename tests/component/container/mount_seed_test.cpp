// SPDX-License-Identifier: Apache-2.0
//
// The mount namespace that containers' are copied from, and what still reaches them from the
// agent's.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "agent/container/mount_seed.h"
#include "fixture.h"

namespace kata::agent::test {
namespace {

// In a child, which alone can come into a mount namespace. Its exit code is what `look` returns.
int in_namespace(const fs::path& file, int (*look)()) {
  const pid_t pid = ::fork();
  if (pid != 0) return wait_for(pid);
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  ::_exit(::setns(fd, CLONE_NEWNS) == 0 ? look() : 99);
}

int count_mounts() { return static_cast<int>(mount_lines().size()); }
int write_to_root() { return ::mkdir("/new", 0755) == 0 ? 0 : errno; }

void mount_tmpfs(const fs::path& place) {
  fs::create_directories(place);
  REQUIRE(::mount("none", place.c_str(), "tmpfs", 0, nullptr) == 0);
}

}  // namespace

TEST_CASE("the seed has three mounts and cannot be written to") {
  Container box;
  mount_tmpfs(box.paths().bundle / "of-another");
  CHECK(in_namespace(box.namespaces.mount_seed, count_mounts) == 3);
  CHECK(in_namespace(box.namespaces.mount_seed, write_to_root) == EROFS);
  REQUIRE(::umount2((box.paths().bundle / "of-another").c_str(), 0) == 0);
}

TEST_CASE("a seed that cannot be made says what failed") {
  Container box;
  const auto seed = make_mount_seed(box.paths().bundle / "missing");
  REQUIRE_FALSE(seed.ok());
  CHECK(seed.error().message.find("missing': No such file or directory") != std::string::npos);
}

TEST_CASE("a later mount below a shared source reaches the container and none comes back") {
  for (const bool from_seed : {true, false}) {
    CAPTURE(from_seed);
    Container box;
    if (!from_seed) box.namespaces.mount_seed.clear();
    const fs::path source = box.paths().bundle / "source";
    mount_tmpfs(source);
    REQUIRE(::mount(nullptr, source.c_str(), nullptr, MS_SHARED, nullptr) == 0);
    fs::create_directories(source / "late");
    fs::create_directories(source / "back");
    auto spec = box.spec(
        "mount -t tmpfs none /data/back && echo ready; read line; cat /data/late/file");
    set_capabilities(*spec.mutable_process(), {"CAP_SYS_ADMIN"});
    add_mount(spec, "/data", "bind", source, {"rbind", "rslave"});
    Running running = box.start(spec);
    CHECK(read_line(running.out.get()) == "ready");
    const auto mounts = mount_lines();
    CHECK(std::none_of(mounts.begin(), mounts.end(), [&](const std::string& line) {
      return line.find(source / "back") != std::string::npos;
    }));
    mount_tmpfs(source / "late");
    write_text(source / "late/file", "late");
    REQUIRE(::write(running.in.get(), "\n", 1) == 1);
    CHECK(Container::finish(running).out == "late");
    REQUIRE(::umount2(source.c_str(), MNT_DETACH) == 0);
  }
}

}  // namespace kata::agent::test
