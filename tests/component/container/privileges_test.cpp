// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"
#include "kata/concat.h"

namespace kata::agent::test {
namespace {

constexpr const char* kStatus = "exec cat /proc/self/status";

grpc::LinuxSeccomp deny_hostname(const char* action) {
  grpc::LinuxSeccomp profile;
  profile.set_defaultaction("SCMP_ACT_ALLOW");
  auto* rule = profile.add_syscalls();
  rule->add_names("sethostname");
  rule->add_names("no_such_call_yet");
  rule->set_action(action);
  rule->set_errnoret(ENOSYS);
  return profile;
}

// Whether root without a capability, which is what a container's processes may be, learns what
// program `pid` runs.
bool peer_can_look_at(pid_t pid) {
  const pid_t peer = ::fork();
  if (peer == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[2] = {};
    if (::syscall(SYS_capset, &header, none) != 0) ::_exit(2);
    char name[64];
    ::_exit(::readlink(concat("/proc/", pid, "/exe").c_str(), name, sizeof name) > 0 ? 0 : 1);
  }
  const int code = wait_for(peer);
  REQUIRE(code != 2);
  return code == 0;
}

}  // namespace

TEST_CASE("what is still the agent's program is closed to a peer of the container") {
  Container box;
  auto spec = box.spec("echo up; exec sleep 100");
  spec.mutable_process()->clear_capabilities();
  auto created = box.create(spec);
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  Running running = created.take();
  CHECK_FALSE(peer_can_look_at(running.pid));
  REQUIRE(::write(running.gate.get(), "s", 1) == 1);
  CHECK(read_line(running.out.get()) == "up");
  CHECK(peer_can_look_at(running.pid));  // the container's own program is open
  CHECK(signal_all(box.paths(), SIGKILL).ok());
  wait_for(running.pid);
}

TEST_CASE("root has exactly the capabilities of the specification") {
  Container box;
  auto spec = box.spec(kStatus);
  set_capabilities(*spec.mutable_process(), {"CAP_CHOWN", "NET_RAW", "\"CAP_KILL\""});
  const std::string status = box.run(spec).out;
  const std::string expected = "0000000000002021";
  CHECK(status_field(status, "CapEff") == expected);
  CHECK(status_field(status, "CapPrm") == expected);
  CHECK(status_field(status, "CapBnd") == expected);
  CHECK(status_field(status, "CapInh") == "0000000000000000");
  CHECK(status_field(status, "CapAmb") == "0000000000000000");
}

TEST_CASE("another user has the ambient capabilities and no others") {
  Container box;
  auto spec = box.spec(kStatus);
  spec.mutable_process()->mutable_user()->set_uid(1000);
  auto* sets = spec.mutable_process()->mutable_capabilities();
  sets->add_inheritable("CAP_KILL");
  sets->add_ambient("CAP_KILL");
  const std::string status = box.run(spec).out;
  CHECK(status_field(status, "CapEff") == "0000000000000020");
  CHECK(status_field(status, "CapAmb") == "0000000000000020");
}

TEST_CASE("a container without capabilities has none") {
  Container box;
  auto spec = box.spec(kStatus);
  spec.mutable_process()->clear_capabilities();
  const std::string status = box.run(spec).out;
  CHECK(status_field(status, "CapEff") == "0000000000000000");
  CHECK(status_field(status, "CapBnd") == "0000000000000000");
}

TEST_CASE("user and group and additional groups are the specification's alone") {
  Container box;
  auto spec = box.spec("id -u; id -g; id -G");
  auto* user = spec.mutable_process()->mutable_user();
  user->set_uid(1000);
  user->set_gid(2000);
  user->add_additionalgids(3000);
  user->add_additionalgids(4000);
  CHECK(box.run(spec).out == "1000\n2000\n2000 3000 4000\n");
}

TEST_CASE("another user can reopen its standard output") {
  Container box;
  auto spec = box.spec("echo again > /dev/stdout");
  spec.mutable_process()->mutable_user()->set_uid(1000);
  CHECK(box.run(spec).out == "again\n");
}

TEST_CASE("no_new_privileges and seccomp are in force") {
  Container box;
  auto spec = box.spec("hostname other; echo $?; exec cat /proc/self/status");
  *spec.mutable_linux()->mutable_seccomp() = deny_hostname("SCMP_ACT_ERRNO");
  const Outcome outcome = box.run(spec);
  CHECK(status_field(outcome.out, "NoNewPrivs") == "1");
  CHECK(status_field(outcome.out, "Seccomp") == "2");
  CHECK(outcome.out.starts_with("1\n"));
  CHECK(outcome.err.find("not implemented") != std::string::npos);
}

TEST_CASE("seccomp works without no_new_privileges for a user without capabilities") {
  Container box;
  auto spec = box.spec(kStatus);
  spec.mutable_process()->set_nonewprivileges(false);
  spec.mutable_process()->mutable_user()->set_uid(1000);
  spec.mutable_process()->clear_capabilities();
  *spec.mutable_linux()->mutable_seccomp() = deny_hostname("SCMP_ACT_ERRNO");
  const std::string status = box.run(spec).out;
  CHECK(status_field(status, "NoNewPrivs") == "0");
  CHECK(status_field(status, "Seccomp") == "2");
}

TEST_CASE("a seccomp rule that kills the process does") {
  Container box;
  auto spec = box.spec("exec hostname other");
  *spec.mutable_linux()->mutable_seccomp() = deny_hostname("SCMP_ACT_KILL_PROCESS");
  CHECK(box.run(spec).code == 128 + SIGSYS);
}

TEST_CASE("a limit that is lowered holds and the file mode mask is 022") {
  Container box;
  auto spec = box.spec("ulimit -n; umask");
  auto* limit = spec.mutable_process()->add_rlimits();
  limit->set_type("RLIMIT_NOFILE");
  limit->set_soft(64);
  limit->set_hard(128);
  CHECK(box.run(spec).out == "64\n0022\n");
}

TEST_CASE("HOME comes from the container's passwd file when the specification has none") {
  Container box;
  write_text(box.rootfs() / "etc/passwd", "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:\n");
  auto spec = box.spec("echo $HOME");
  spec.mutable_process()->mutable_user()->set_uid(1000);
  CHECK(box.run(spec).out == "/home/me\n");
  CHECK(box.run("echo $HOME").out == "/root\n");
}

TEST_CASE("a missing program is reported at creation by its name") {
  Container box;
  auto spec = box.spec("");
  spec.mutable_process()->clear_args();
  spec.mutable_process()->add_args("no-such-program");
  const auto created = box.create(spec);
  REQUIRE(!created.ok());
  CHECK(created.error().code == ErrorCode::kNotFound);
  CHECK(created.error().message.find(
            "exec: \"no-such-program\": executable file not found in $PATH") != std::string::npos);
}

TEST_CASE("a program that may not be executed is reported at creation") {
  Container box;
  write_text(box.rootfs() / "work/script", "#!/bin/sh\n");
  auto spec = box.spec("");
  spec.mutable_process()->clear_args();
  for (const char* program : {"/work/script", "/work"}) {
    spec.mutable_process()->clear_args();
    spec.mutable_process()->add_args(program);
    const auto created = box.create(spec);
    REQUIRE(!created.ok());
    CHECK(created.error().code == ErrorCode::kPermission);
    CHECK(created.error().message.find(program) != std::string::npos);
  }
}

TEST_CASE("a program of another format ends with 126 and a line that names it") {
  Container box;
  write_text(box.rootfs() / "work/garbage", "\x01\x02\x03");
  fs::permissions(box.rootfs() / "work/garbage", fs::perms::all);
  auto spec = box.spec("");
  spec.mutable_process()->clear_args();
  spec.mutable_process()->add_args("/work/garbage");
  const Outcome outcome = box.run(spec);
  CHECK(outcome.code == 126);
  CHECK(outcome.err == "exec: \"/work/garbage\": Exec format error\n");
}

}  // namespace kata::agent::test
