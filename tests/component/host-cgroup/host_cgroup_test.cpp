// SPDX-License-Identifier: Apache-2.0
//
// Groups in the real hierarchies of this host.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "kata/concat.h"
#include "sandbox/sandbox_cgroups.h"

using namespace kata;
using namespace kata::sandbox;

namespace {

Deadline in_a_second() { return std::chrono::steady_clock::now() + std::chrono::seconds(1); }

std::string groups_of(pid_t pid) {
  std::ifstream file(concat("/proc/", pid, "/cgroup"));
  return {std::istreambuf_iterator<char>(file), {}};
}

// A child that waits to be killed; with `body`, its exit code is what that returns.
class Child {
 public:
  explicit Child(int (*body)() = nullptr) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      char go = 0;
      ::close(ends[1]);
      if (::read(ends[0], &go, 1) != 1) ::_exit(90);
      ::_exit(body != nullptr ? body() : 0);
    }
    ::close(ends[0]);
    gate_ = ends[1];
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::close(gate_);
    if (!reaped_) ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  int run() {
    int status = 0;
    REQUIRE(::write(gate_, "x", 1) == 1);
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    reaped_ = true;
    return WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
  int gate_ = -1;
  bool reaped_ = false;
};

struct Group {
  Group() { REQUIRE(cgroups.make(path).ok()); }
  ~Group() { static_cast<void>(cgroups.remove(path, in_a_second())); }
  std::string path = concat("/kata/test-", ::getpid());
  Cgroups cgroups = Cgroups::of_this_host().take();
};

}  // namespace

TEST_CASE("a process is moved in every hierarchy and the empty group is removed") {
  Group group;
  {
    const Child child;
    const auto added = group.cgroups.add_process(group.path, child.pid());
    REQUIRE_MESSAGE(added.ok(), added.error().message);
    const std::string groups = groups_of(child.pid());
    std::size_t lines = 0;
    std::size_t ours = 0;
    for (std::size_t at = 0; (at = groups.find('\n', at)) != std::string::npos; ++at) ++lines;
    for (std::size_t at = 0; (at = groups.find(group.path, at)) != std::string::npos; ++at) ++ours;
    CHECK(lines == ours);
  }
  const auto removed = group.cgroups.remove(group.path, in_a_second());
  CHECK_MESSAGE(removed.ok(), removed.error().message);
}

TEST_CASE("a group with a process in it is not removed and the process is named") {
  Group group;
  const Child child;
  REQUIRE(group.cgroups.add_process(group.path, child.pid()).ok());
  const auto removed = group.cgroups.remove(group.path, std::chrono::steady_clock::now());
  REQUIRE_FALSE(removed.ok());
  CHECK(removed.error().message.find(concat("process ", child.pid(), " is still in it")) !=
        std::string::npos);
}

TEST_CASE("a group below it goes with it") {
  Group group;
  REQUIRE(group.cgroups.make(group.path + "/below/deep").ok());
  CHECK(group.cgroups.remove(group.path, in_a_second()).ok());
}

namespace {

// The host's version 2 hierarchy by itself, as if there were no other.
struct Version2Group {
  Version2Group() {
    const auto made = cgroups.make(path);
    REQUIRE_MESSAGE(made.ok(), made.error().message);
  }
  ~Version2Group() { CHECK(cgroups.remove(path, in_a_second()).ok()); }
  std::string path = concat("/kata-test-", ::getpid());
  Cgroups cgroups{{{"/sys/fs/cgroup/unified", true, {}}}};
};

int opens_null_and_not_zero() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  return (null >= 0 ? 0 : 1) + (zero < 0 && errno == EPERM ? 0 : 2);
}

int opens_zero() { return ::open("/dev/zero", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1; }

}  // namespace

TEST_CASE("on version 2 a program keeps the devices that are not listed from being opened") {
  const Version2Group group;
  const auto restricted = group.cgroups.restrict_devices(group.path, {{'c', 1, 3}});
  REQUIRE_MESSAGE(restricted.ok(), restricted.error().message);
  Child before(opens_null_and_not_zero);
  REQUIRE(group.cgroups.add_process(group.path, before.pid()).ok());
  CHECK(before.run() == 0);
  REQUIRE(group.cgroups.allow_devices(group.path, {{'c', 1, 3}, {'c', 1, 5}}).ok());
  Child after(opens_zero);
  REQUIRE(group.cgroups.add_process(group.path, after.pid()).ok());
  CHECK(after.run() == 0);
}

TEST_CASE("on version 2 the devices of a VMM are those of version 1") {
  const Version2Group group;
  const auto restricted = group.cgroups.restrict_devices(
      group.path, devices_of_a_vmm("Character devices:\n243 macvtap\n\nBlock devices:\n"));
  REQUIRE_MESSAGE(restricted.ok(), restricted.error().message);
  Child child([] {
    const bool log = ::open("/dev/kmsg", O_RDONLY | O_CLOEXEC) >= 0 || errno != EPERM;
    const bool tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC) >= 0;
    return (log ? 1 : 0) + (tun ? 0 : 2);
  });
  REQUIRE(group.cgroups.add_process(group.path, child.pid()).ok());
  CHECK(child.run() == 0);
}

TEST_CASE("a device that is not listed cannot be opened and one that is can") {
  Group group;
  REQUIRE(group.cgroups.restrict_devices(group.path, {{'c', 1, 3}}).ok());
  Child child([] {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    return (null >= 0 ? 0 : 1) + (zero < 0 && errno == EPERM ? 0 : 2);
  });
  REQUIRE(group.cgroups.add_process(group.path, child.pid()).ok());
  CHECK(child.run() == 0);
}

TEST_CASE("a device can be allowed later") {
  Group group;
  REQUIRE(group.cgroups.restrict_devices(group.path, {}).ok());
  REQUIRE(allow_devices_of_vmm({group.path, ""}, {{'c', 1, 5}}).ok());
  Child child([] { return ::open("/dev/zero", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1; });
  REQUIRE(group.cgroups.add_process(group.path, child.pid()).ok());
  CHECK(child.run() == 0);
}
