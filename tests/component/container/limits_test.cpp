// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>

#include "fixture.h"

namespace kata::agent::test {

TEST_CASE("a workload above its memory limit is killed") {
  Container box;
  auto spec = box.spec("exec dd if=/dev/zero of=/dev/null bs=200M count=1");
  spec.mutable_linux()->mutable_resources()->mutable_memory()->set_limit(32 << 20);
  spec.mutable_linux()->mutable_resources()->mutable_memory()->set_swap(32 << 20);
  CHECK(box.run(spec).code == 128 + SIGKILL);
}

TEST_CASE("a limit on the number of processes holds") {
  Container box;
  auto spec = box.spec("for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait");
  spec.mutable_linux()->mutable_resources()->mutable_pids()->set_limit(4);
  CHECK(box.run(spec).err.find("can't fork") != std::string::npos);
}

TEST_CASE("cpu limits are written to the cgroup") {
  Container box;
  auto spec = box.spec("cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.shares");
  add_mount(spec, "/sys/fs/cgroup", "cgroup", "cgroup", {"ro"});
  auto* cpu = spec.mutable_linux()->mutable_resources()->mutable_cpu();
  cpu->set_quota(50000);
  cpu->set_period(100000);
  cpu->set_shares(512);
  CHECK(box.run(spec).out == "50000\n512\n");
}

TEST_CASE("a cgroup in use by others is refused and left alone") {
  Container box;
  Running running = box.start(box.spec("echo up; sleep 100"));
  REQUIRE(read_line(running.out.get()) == "up");
  const auto second = box.create(box.spec("true"));
  REQUIRE(!second.ok());
  CHECK(second.error().code == ErrorCode::kAlreadyExists);
  CHECK(::waitpid(running.pid, nullptr, WNOHANG) == 0);
  CHECK(signal_all(box.paths(), SIGKILL).ok());
  Container::finish(running);
}

TEST_CASE("a container that cannot be set up leaves nothing") {
  Container box;  // its destructor looks
  auto spec = box.spec("true");
  add_mount(spec, "/x", "no-such-filesystem", "none", {});
  const auto created = box.create(spec);
  REQUIRE(!created.ok());
  CHECK(created.error().message.find("no filesystem type 'no-such-filesystem'") !=
        std::string::npos);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(!fs::exists("/sys/fs/cgroup/pids" + box.paths().cgroup.string()));
}

TEST_CASE("destroy ends processes that ignore signals") {
  Container box;
  Running running = box.start(box.spec("trap '' TERM INT HUP; echo up; sleep 100; sleep 100"));
  REQUIRE(read_line(running.out.get()) == "up");
  CHECK(destroy_container(box.paths(), in_seconds(5)).ok());
  CHECK(Container::finish(running).code == 128 + SIGKILL);
}

TEST_CASE("a paused container stays paused for a signal other than kill") {
  Container box;
  const fs::path state = "/sys/fs/cgroup/freezer" + box.paths().cgroup.string() + "/freezer.state";
  Running running = box.start(box.spec("echo up; sleep 100"));
  REQUIRE(read_line(running.out.get()) == "up");
  write_text(state, "FROZEN");
  CHECK(signal_all(box.paths(), SIGURG).ok());
  CHECK(read_text(state).starts_with("FR"));
  CHECK(destroy_container(box.paths(), in_seconds(5)).ok());
  CHECK(Container::finish(running).code == 128 + SIGKILL);
}

TEST_CASE("destroy of what never was is no error") {
  Container box;
  CHECK(destroy_container(box.paths(), in_seconds(1)).ok());
}

}  // namespace kata::agent::test
