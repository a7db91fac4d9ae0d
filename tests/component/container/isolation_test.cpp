// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

namespace kata::agent::test {

TEST_CASE("the workload's exit code and output come back") {
  Container box;
  const Outcome outcome = box.run("echo out; echo err >&2; exit 7");
  CHECK(outcome.code == 7);
  CHECK(outcome.out == "out\n");
  CHECK(outcome.err == "err\n");
}

TEST_CASE("a workload killed by a signal ends with 128 and the signal") {
  Container box;
  Running running = box.start(box.spec("echo up; sleep 100"));
  CHECK(read_line(running.out.get()) == "up");
  CHECK(signal_all(box.paths(), SIGKILL).ok());
  CHECK(Container::finish(running).code == 128 + SIGKILL);
}

TEST_CASE("the workload starts only after the gate") {
  Container box;
  auto created = box.create(box.spec("echo started > /work/file"));
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  Running running = created.take();
  CHECK(!fs::exists(box.rootfs() / "work/file"));
  REQUIRE(::write(running.gate.get(), "s", 1) == 1);
  CHECK(Container::finish(running).code == 0);
  CHECK(read_text(box.rootfs() / "work/file") == "started\n");
}

TEST_CASE("closing the gate ends a container that was never started") {
  Container box;
  auto created = box.create(box.spec("echo started"));
  REQUIRE(created.ok());
  Running running = created.take();
  running.gate.reset();
  CHECK(Container::finish(running).out.empty());
}

TEST_CASE("the workload is process 1 and sees its own processes only") {
  Container box;
  const Outcome outcome = box.run("ls -d /proc/[0-9]*; echo $$");
  CHECK(outcome.out == "/proc/1\n1\n");
}

TEST_CASE("the workload has its own hostname and the host keeps its own") {
  Container box;
  char before[128] = {}, after[128] = {};
  ::gethostname(before, sizeof before);
  CHECK(box.run("hostname").out == "box\n");
  ::gethostname(after, sizeof after);
  CHECK(std::string(before) == after);
}

TEST_CASE("a new network namespace has a loopback interface that is up and nothing else") {
  Container box;
  const Outcome outcome = box.run("ls /sys/class/net; ip -o link show lo");
  CHECK(outcome.out.starts_with("lo\n"));
  CHECK(outcome.out.find("LOOPBACK,UP") != std::string::npos);
  CHECK(outcome.out.find("eth0") == std::string::npos);
}

TEST_CASE("only descriptors 0 to 2 reach the workload") {
  Container box;
  const UniqueFd leaky(::open("/etc/hostname", O_RDONLY));  // not close-on-exec
  REQUIRE(leaky);
  // The shell itself: ls would add its own for the directory.
  const Outcome outcome = box.run("cd /proc/self/fd; for f in *; do test -e $f && echo $f; done");
  CHECK(outcome.out == "0\n1\n2\n");
}

TEST_CASE("the workload's signals have default actions and none is blocked") {
  Container box;
  ::signal(SIGPIPE, SIG_IGN);
  const Outcome outcome = box.run("exec cat /proc/self/status");
  ::signal(SIGPIPE, SIG_DFL);
  CHECK(status_field(outcome.out, "SigBlk") == "0000000000000000");
  CHECK(status_field(outcome.out, "SigIgn") == "0000000000000000");
}

TEST_CASE("a terminal of the container's devpts is its controlling terminal and its console") {
  Container box;
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(master >= 0);
  const UniqueFd owner(master);
  REQUIRE(::grantpt(master) == 0);
  REQUIRE(::unlockpt(master) == 0);
  ProcessStdio stdio;
  stdio.in.reset(::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC));
  stdio.out.reset(::fcntl(stdio.in.get(), F_DUPFD_CLOEXEC, 3));
  stdio.err.reset(::fcntl(stdio.in.get(), F_DUPFD_CLOEXEC, 3));
  auto spec = box.spec("echo to-tty > /dev/tty; echo to-console > /dev/console; tty");
  spec.mutable_process()->set_terminal(true);
  auto launched = launch_init(spec, "box", box.paths(), {}, std::move(stdio));
  REQUIRE_MESSAGE(launched.ok(), launched.error().message);
  REQUIRE(::write(launched.value().start_gate.get(), "s", 1) == 1);
  const int seen = launched.value().terminal.get();
  REQUIRE(seen >= 0);
  CHECK(read_line(seen) == "to-tty\r");
  CHECK(read_line(seen) == "to-console\r");
  CHECK(read_line(seen) == "/dev/pts/0\r");
  CHECK(wait_for(launched.value().pid) == 0);
}

TEST_CASE("a user namespace maps the container's root to another user") {
  Container box;
  auto spec = box.spec("id -u; cat /proc/self/uid_map; echo x > /dev/null && echo null");
  spec.mutable_linux()->add_namespaces()->set_type("user");
  for (auto* map :
       {spec.mutable_linux()->add_uidmappings(), spec.mutable_linux()->add_gidmappings()}) {
    map->set_hostid(100000);
    map->set_size(65536);
  }
  fs::permissions(box.rootfs(), fs::perms::all);
  for (const char* directory : {"dev", "proc", "sys"})
    REQUIRE(::chown((box.rootfs() / directory).c_str(), 100000, 100000) == 0);
  const Outcome outcome = box.run(spec);
  CHECK(outcome.err.empty());
  CHECK(outcome.out.starts_with("0\n"));
  CHECK(outcome.out.find("100000") != std::string::npos);
  CHECK(outcome.out.ends_with("null\n"));
}

TEST_CASE("a shared namespace given by its path is joined") {
  Container box;
  box.namespaces.uts = "/proc/self/ns/uts";
  char own[128] = {};
  ::gethostname(own, sizeof own);
  CHECK(box.run("hostname").out == std::string(own) + "\n");
}

}  // namespace kata::agent::test
