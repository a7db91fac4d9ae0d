// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "core/base/files.h"
#include "fixture.h"
#include "kata/concat.h"

namespace kata::agent::test {
namespace {

grpc::Process process_of(const grpc::Spec& spec, const std::string& script) {
  grpc::Process process = spec.process();
  process.set_args(2, script);
  return process;
}

struct Sleeper {
  Container box{};
  grpc::Spec spec = box.spec("echo up; exec sleep 100");
  Running init = box.start(spec);
  Sleeper() {
    REQUIRE(read_line(init.out.get()) == "up");
    while (program() != "sleep\n") std::this_thread::yield();  // "up" comes before the exec
  }
  std::string program() const { return read_file(concat("/proc/", init.pid, "/comm"), 64).take(); }
  ~Sleeper() {
    CHECK(signal_all(box.paths(), SIGKILL).ok());
    wait_for(init.pid);
  }
};

}  // namespace

TEST_CASE("exec joins the container and its exit code comes to the caller") {
  Sleeper sleeper;
  auto process = process_of(
      sleeper.spec, "cat /proc/1/comm; hostname; cat /proc/self/cgroup | grep :pids:; exit 5");
  auto running = sleeper.box.exec(process, sleeper.spec, sleeper.init.pid);
  REQUIRE_MESSAGE(running.ok(), running.error().message);
  const Outcome outcome = Container::finish(running.value());
  CHECK(outcome.code == 5);
  CHECK(outcome.out.starts_with("sleep\nbox\n"));
  CHECK(outcome.out.ends_with(":pids:/\n"));
}

TEST_CASE("exec has the container's capabilities and no descriptor of the agent") {
  Sleeper sleeper;
  auto process = process_of(
      sleeper.spec,
      "cat /proc/self/status; cd /proc/self/fd; for f in *; do test -e $f && echo fd$f; done");
  process.clear_capabilities();
  auto running = sleeper.box.exec(process, sleeper.spec, sleeper.init.pid);
  REQUIRE_MESSAGE(running.ok(), running.error().message);
  const Outcome outcome = Container::finish(running.value());
  CHECK(status_field(outcome.out, "CapEff") == "00000000080000e1");
  CHECK(status_field(outcome.out, "NoNewPrivs") == "1");
  CHECK(outcome.out.ends_with("fd0\nfd1\nfd2\n"));
}

TEST_CASE("exec of a missing program fails and leaves no child") {
  Sleeper sleeper;
  auto process = sleeper.spec.process();
  process.set_args(0, "no-such-program");
  const auto running = sleeper.box.exec(process, sleeper.spec, sleeper.init.pid);
  REQUIRE(!running.ok());
  CHECK(running.error().code == ErrorCode::kNotFound);
  CHECK(running.error().message.find("no-such-program") != std::string::npos);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == 0);  // the container's own process only
}

TEST_CASE("exec of a file the kernel cannot run is an error too") {
  Sleeper sleeper;
  write_text(sleeper.box.rootfs() / "work/garbage", "\x01\x02");
  fs::permissions(sleeper.box.rootfs() / "work/garbage", fs::perms::all);
  auto process = sleeper.spec.process();
  process.set_args(0, "/work/garbage");
  const auto running = sleeper.box.exec(process, sleeper.spec, sleeper.init.pid);
  REQUIRE(!running.ok());
  CHECK(running.error().message.find("Exec format error") != std::string::npos);
}

TEST_CASE("exec into a container that has ended is an error") {
  Container box;
  const auto spec = box.spec("exit 0");
  Running init = box.start(spec);
  Container::finish(init);
  CHECK(!box.exec(spec.process(), spec, init.pid).ok());
}

TEST_CASE("exec works in a user namespace") {
  Container box;
  auto spec = box.spec("echo up; exec sleep 100");
  spec.mutable_linux()->add_namespaces()->set_type("user");
  for (auto* map :
       {spec.mutable_linux()->add_uidmappings(), spec.mutable_linux()->add_gidmappings()}) {
    map->set_hostid(100000);
    map->set_size(65536);
  }
  for (const char* directory : {"dev", "proc", "sys"})
    REQUIRE(::chown((box.rootfs() / directory).c_str(), 100000, 100000) == 0);
  Running init = box.start(spec);
  REQUIRE(read_line(init.out.get()) == "up");
  auto running = box.exec(process_of(spec, "id -u; hostname"), spec, init.pid);
  REQUIRE_MESSAGE(running.ok(), running.error().message);
  CHECK(Container::finish(running.value()).out == "0\nbox\n");
  CHECK(signal_all(box.paths(), SIGKILL).ok());
  wait_for(init.pid);
}

TEST_CASE("signal_all reaches every process and destroy removes the cgroup") {
  Sleeper sleeper;
  auto running = sleeper.box.exec(process_of(sleeper.spec, "echo up; sleep 100 & wait"),
                                  sleeper.spec, sleeper.init.pid);
  REQUIRE(running.ok());
  REQUIRE(read_line(running.value().out.get()) == "up");
  CHECK(signal_all(sleeper.box.paths(), SIGTERM).ok());
  CHECK(Container::finish(running.value()).code == 128 + SIGTERM);
  CHECK(destroy_container(sleeper.box.paths(), in_seconds(5)).ok());
}

}  // namespace kata::agent::test
