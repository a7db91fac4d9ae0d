// SPDX-License-Identifier: Apache-2.0
//
// kata-systemd-scope beside a real dbus-daemon and a systemd that does to the groups of this host
// what the real one does, or does it wrong.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "kata/child_process.h"
#include "tests/fakes/systemd/bus.h"

using namespace kata;
using kata::fakes::SystemdBus;
namespace fs = std::filesystem;

namespace {

constexpr const char* kSlice = "katatest-a.slice";
constexpr const char* kGroup = "/katatest.slice/katatest-a.slice/x-1.scope";
constexpr std::chrono::seconds kPatience{30};

Deadline soon() { return std::chrono::steady_clock::now() + kPatience; }

struct Outcome {
  int code = -1;
  std::string out{}, err{};
};

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Outcome ask(std::vector<std::string> words) {
  const TemporaryDirectory directory;
  const fs::path out = directory.path() / "out", err = directory.path() / "err";
  const int flags = O_CREAT | O_WRONLY | O_CLOEXEC;
  const UniqueFd out_fd(::open(out.c_str(), flags, 0600)), err_fd(::open(err.c_str(), flags, 0600));
  words.insert(words.begin(), KATA_SYSTEMD_SCOPE);
  auto program = ChildProcess::spawn({words, {{out_fd.get(), 1}, {err_fd.get(), 2}}});
  REQUIRE_MESSAGE(program.ok(), program.error().message);
  const auto status = program.value().wait(soon());
  REQUIRE((status.ok() && status.value().has_value()));
  return {status.value()->code, text_of(out), text_of(err)};
}

// A process that has nothing to do, and its groups.
class Sleeper {
 public:
  Sleeper() : process_(ChildProcess::spawn({{"/bin/sleep", "1000"}}).take()) {}
  ~Sleeper() {
    static_cast<void>(process_.terminate(SIGKILL, soon()));
    static_cast<void>(ask({"stop", "x-1.scope", "5"}));
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  Outcome enter(const char* seconds = "20") const {
    return ask({"start", "x-1.scope", kSlice, std::to_string(process_.pid()), seconds});
  }
  std::string groups() const {
    return text_of("/proc/" + std::to_string(process_.pid()) + "/cgroup");
  }
  bool is_over() const { return process_.ended_by(soon()); }

 private:
  ChildProcess process_;
};

bool any_group_is_left() {
  std::error_code ignored;
  for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup"))
    if (fs::exists(hierarchy.path() / "katatest.slice", ignored) ||
        fs::exists(hierarchy.path() / "kata-test-outer", ignored))
      return true;
  return false;
}

}  // namespace

TEST_CASE("a process is in the scope that systemd makes and a stop ends both") {
  const SystemdBus bus;
  const Sleeper sleeper;
  const Outcome started = sleeper.enter();
  REQUIRE_MESSAGE(started.code == 0, started.err);
  CHECK(started.out == std::string(kGroup) + "\n");
  CHECK(sleeper.groups().find(std::string(":memory:") + kGroup) != std::string::npos);
  CHECK(sleeper.groups().find(std::string(":name=systemd:") + kGroup) != std::string::npos);
  for (const char* property :
       {"start x-1.scope ", " Slice=katatest-a.slice", " Delegate=yes", " DefaultDependencies=no",
        " CollectMode=inactive-or-failed", " MemoryAccounting=yes", " DevicePolicy=strict",
        " DeviceAllow=char-* m,", ",/dev/char/10:232 rwm,", ",char-pts rwm,"}) {
    CAPTURE(property);
    CHECK(bus.log().find(property) != std::string::npos);
  }
  const Outcome stopped = ask({"stop", "x-1.scope", "20"});
  CHECK_MESSAGE(stopped.code == 0, stopped.err);
  CHECK(sleeper.is_over());
  CHECK_FALSE(any_group_is_left());
}

TEST_CASE("what systemd does wrong is told by its cause and leaves no unit") {
  struct Row {
    const char *fault, *seconds, *message;
  };
  for (const Row& row : {
           Row{"refuse", "20", "StartTransientUnit: systemd says: Access denied"},
           Row{"failed", "20", "systemd's job ended as 'failed': see 'journalctl -u x-1.scope'"},
           Row{"unfinished", "1", "systemd did not finish its job in time: see 'systemctl"},
           Row{"silent", "1",
               ": start systemd and D-Bus, or use cgroupfs: leave --systemd-cgroup "},
           Row{"gone", "20", ": start systemd and D-Bus, or use cgroupfs: leave --systemd-cgroup "},
           Row{"absent", "20",
               ": start systemd and D-Bus, or use cgroupfs: leave --systemd-cgroup "},
       }) {
    CAPTURE(row.fault);
    const SystemdBus bus(row.fault);
    const Sleeper sleeper;
    const Outcome started = sleeper.enter(row.seconds);
    CHECK(started.code == 1);
    CHECK(started.out == "");
    CHECK_MESSAGE(started.err.find(row.message) != std::string::npos, started.err);
    CHECK(started.err.find('\n') == started.err.size() - 1);
    CHECK_FALSE(any_group_is_left());
  }
}

TEST_CASE("a systemd that is slow is waited for") {
  const SystemdBus bus("late");
  const Sleeper sleeper;
  const auto began = std::chrono::steady_clock::now();
  const Outcome started = sleeper.enter();
  CHECK_MESSAGE(started.code == 0, started.err);
  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(400));
}

TEST_CASE("a systemd in a group of its own says where its scopes are") {
  const SystemdBus bus("nested");
  const Sleeper sleeper;
  const Outcome started = sleeper.enter();
  REQUIRE_MESSAGE(started.code == 0, started.err);
  CHECK(started.out == "/kata-test-outer" + std::string(kGroup) + "\n");
}

TEST_CASE("the name of a scope that has failed is free again") {
  const SystemdBus bus("leftover");
  const Sleeper sleeper;
  const Outcome started = sleeper.enter();
  CHECK_MESSAGE(started.code == 0, started.err);
  CHECK(bus.log().find("\nreset x-1.scope\nstart x-1.scope ") != std::string::npos);
  CHECK(sleeper.groups().find(kGroup) != std::string::npos);
}

TEST_CASE("the name of a living scope is refused") {
  const SystemdBus bus;
  const Sleeper first, second;
  REQUIRE(first.enter().code == 0);
  const Outcome refused = second.enter();
  CHECK(refused.code == 1);
  CHECK_MESSAGE(refused.err.starts_with("the unit exists already: give linux.cgroupsPath another "
                                        "name, or 'systemctl stop x-1.scope'"),
                refused.err);
  CHECK(first.groups().find(kGroup) != std::string::npos);
}

TEST_CASE("a scope that is gone is stopped already") {
  const SystemdBus bus;
  const Outcome stopped = ask({"stop", "x-1.scope", "20"});
  CHECK_MESSAGE(stopped.code == 0, stopped.err);
  CHECK(bus.log() == "ready\nstop x-1.scope\n");
}

TEST_CASE("without a bus the message names its address and the remedy") {
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
  const Outcome stopped = ask({"stop", "x-1.scope", "20"});
  ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  CHECK(stopped.code == 1);
  CHECK(
      stopped.err ==
      "connect over D-Bus at 'unix:path=/nowhere/bus': No such file or directory: start systemd "
      "and D-Bus, or use cgroupfs: leave --systemd-cgroup out (podman: --cgroup-manager cgroupfs, "
      "kubelet: cgroupDriver: cgroupfs)\n");
}
