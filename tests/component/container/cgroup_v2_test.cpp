// SPDX-License-Identifier: Apache-2.0
//
// The driver for cgroup version 2 on this host's unified hierarchy, which has no memory or cpu
// controller but the core files and device programs.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/container/cgroup.h"
#include "fixture.h"

namespace kata::agent::test {
namespace {

const fs::path kUnified = "/sys/fs/cgroup/unified";

struct Version2 {
  std::string delegated = read_text(kUnified / "cgroup.subtree_control");
  std::unique_ptr<Cgroup> cgroup{};

  Version2() {
    auto opened = open_cgroup("/kata-test-" + std::to_string(::getpid()), kUnified);
    REQUIRE_MESSAGE(opened.ok(), opened.error().message);
    cgroup = opened.take();
    const auto created = cgroup->create();
    REQUIRE_MESSAGE(created.ok(), created.error().message);
  }
  ~Version2() {
    CHECK(cgroup->signal_all(SIGKILL).ok());
    CHECK(remove_cgroup(*cgroup, in_seconds(5)).ok());
    if (delegated.find("hugetlb") == std::string::npos)
      write_text(kUnified / "cgroup.subtree_control", "-hugetlb");
  }

  // A child in the cgroup that runs `body` and exits with its result.
  pid_t spawn(int (*body)()) {
    int gate[2];
    REQUIRE(::pipe2(gate, O_CLOEXEC) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      char byte = 0;
      ::_exit(::read(gate[0], &byte, 1) == 1 ? body() : 99);
    }
    CHECK(cgroup->add(pid).ok());
    REQUIRE(::write(gate[1], "g", 1) == 1);
    ::close(gate[0]);
    ::close(gate[1]);
    return pid;
  }
};

int opens_null_but_not_kmsg() {
  if (::open("/dev/null", O_RDWR) < 0) return 1;
  return ::open("/dev/kmsg", O_RDONLY) < 0 && errno == EPERM ? 0 : 2;
}

}  // namespace

TEST_CASE("on version 2 the default device program admits null and refuses the kernel's log") {
  if (!fs::exists(kUnified / "cgroup.procs")) return;
  Version2 unified;
  const auto rules = plan_device_rules(grpc::Linux());
  REQUIRE(rules.ok());
  const auto applied = unified.cgroup->apply_devices(rules.value());
  REQUIRE_MESSAGE(applied.ok(), applied.error().message);
  CHECK(wait_for(unified.spawn(opens_null_but_not_kmsg)) == 0);
}

TEST_CASE("on version 2 the kernel takes programs of every kind of rule") {
  if (!fs::exists(kUnified / "cgroup.procs")) return;
  Version2 unified;
  const std::vector<DeviceRule> rules = {
      {false, 'a', {}, {}, true, true, true},
      {true, 'b', 0xffffffff, 0, true, false, false},
      {false, 'c', 1, {}, false, true, false},
      {true, 'a', {}, {}, true, true, true},
  };
  const auto applied = unified.cgroup->apply_devices(rules);
  CHECK_MESSAGE(applied.ok(), applied.error().message);
}

TEST_CASE("on version 2 freezing and killing work and processes are listed") {
  if (!fs::exists(kUnified / "cgroup.procs")) return;
  Version2 unified;
  const pid_t pid = unified.spawn([] { return ::pause(); });
  CHECK(freeze_cgroup(*unified.cgroup, true).ok());
  const auto pids = processes_of(*unified.cgroup);
  REQUIRE(pids.ok());
  CHECK(pids.value() == std::vector<pid_t>{pid});
  CHECK(unified.cgroup->signal_all(SIGKILL).ok());
  CHECK(wait_for(pid) == 128 + SIGKILL);
}

}  // namespace kata::agent::test
