// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fixture.h"

namespace kata::agent::test {

TEST_CASE("a read-only root is read-only and its dev stays writable") {
  Container box;
  auto spec = box.spec("touch /work/x; echo $?; touch /dev/x; echo $?");
  spec.mutable_root()->set_readonly(true);
  const Outcome outcome = box.run(spec);
  CHECK(outcome.out == "1\n0\n");
  CHECK(outcome.err.find("Read-only file system") != std::string::npos);
}

TEST_CASE("the host's files are out of reach") {
  Container box;
  write_text(box.paths().bundle / "canary", "host");
  CHECK(box.run("cat /../canary; cat ../../canary; ls /").out.find("host") == std::string::npos);
  CHECK(box.run("cat /proc/self/mounts").out.find(box.paths().bundle) == std::string::npos);
}

TEST_CASE("default devices and links are there") {
  Container box;
  const Outcome outcome = box.run(
      "for n in null zero full random urandom tty; do stat -c '%n %t:%T %a' /dev/$n; done;"
      "readlink /dev/fd; readlink /dev/ptmx; head -c 3 /dev/zero > /dev/null && echo works");
  CHECK(outcome.out ==
        "/dev/null 1:3 666\n/dev/zero 1:5 666\n/dev/full 1:7 666\n/dev/random 1:8 666\n"
        "/dev/urandom 1:9 666\n/dev/tty 5:0 666\n/proc/self/fd\npts/ptmx\nworks\n");
}

TEST_CASE("a device of the specification has its number and mode and owner") {
  Container box;
  auto spec = box.spec("stat -c '%t:%T %a %u' /dev/sub/mine; head -c 1 /dev/sub/mine > /dev/null");
  auto* device = spec.mutable_linux()->add_devices();
  device->set_path("/dev/sub/mine");
  device->set_type("c");
  device->set_major(1);
  device->set_minor(5);
  device->set_filemode(0640);
  device->set_uid(7);
  const Outcome outcome = box.run(spec);
  CHECK(outcome.out == "1:5 640 7\n");
  CHECK(outcome.code == 0);
}

TEST_CASE("a bind mount shows the source and read-only holds for root") {
  Container box;
  fs::create_directories(box.paths().bundle / "data");
  write_text(box.paths().bundle / "data/file", "hello");
  auto spec = box.spec("cat /mnt/a/b/file; touch /mnt/a/b/new || echo refused");
  add_mount(spec, "/mnt/a/b", "bind", box.paths().bundle / "data", {"rbind", "ro", "rprivate"});
  const Outcome outcome = box.run(spec);
  CHECK(outcome.out == "hellorefused\n");
  CHECK(!fs::exists(box.paths().bundle / "data/new"));
}

TEST_CASE("a single file can be bound to a path that does not exist yet") {
  Container box;
  write_text(box.paths().bundle / "resolv", "nameserver");
  auto spec = box.spec("cat /etc/deep/resolv.conf");
  add_mount(spec, "/etc/deep/resolv.conf", "bind", box.paths().bundle / "resolv", {"bind", "ro"});
  CHECK(box.run(spec).out == "nameserver");
}

TEST_CASE("a missing source of a bind mount is named") {
  Container box;
  auto spec = box.spec("true");
  add_mount(spec, "/mnt", "bind", "/no/such/source", {"bind"});
  const auto created = box.create(spec);
  REQUIRE(!created.ok());
  CHECK(created.error().message.find("'/no/such/source'") != std::string::npos);
}

TEST_CASE("mount options take effect") {
  Container box;
  auto spec = box.spec("grep ' /data ' /proc/self/mounts");
  add_mount(spec, "/data", "tmpfs", "tmpfs", {"nosuid", "nodev", "noexec", "noatime", "size=64k"});
  const std::string line = box.run(spec).out;
  CHECK(line.find("nosuid,nodev,noexec,noatime") != std::string::npos);
  CHECK(line.find("size=64k") != std::string::npos);
}

TEST_CASE("a filesystem option the kernel refuses is named") {
  Container box;
  auto spec = box.spec("true");
  add_mount(spec, "/data", "tmpfs", "tmpfs", {"size=banana"});
  const auto created = box.create(spec);
  REQUIRE(!created.ok());
  CHECK(created.error().code == ErrorCode::kInvalidArgument);
  CHECK(created.error().message.find("size=banana") != std::string::npos);
}

TEST_CASE("a tmpfs with tmpcopyup starts with what it covers") {
  Container box;
  fs::create_directories(box.rootfs() / "etc/sub");
  write_text(box.rootfs() / "etc/sub/file", "kept");
  fs::create_symlink("sub/file", box.rootfs() / "etc/link");
  auto spec = box.spec("cat /etc/link; echo new > /etc/sub/file; readlink /etc/link");
  add_mount(spec, "/etc", "tmpfs", "tmpfs", {"tmpcopyup"});
  CHECK(box.run(spec).out == "keptsub/file\n");
  CHECK(read_text(box.rootfs() / "etc/sub/file") == "kept");
}

TEST_CASE("masked paths are empty and read-only paths cannot be written") {
  Container box;
  write_text(box.rootfs() / "etc/secret", "secret");
  fs::create_directories(box.rootfs() / "etc/secrets");
  write_text(box.rootfs() / "etc/secrets/key", "secret");
  auto spec = box.spec(
      "cat /etc/secret; ls /etc/secrets; touch /etc/secrets/x || echo no;"
      "echo 1 > /proc/sys/net/ipv4/ip_forward || echo no");
  for (const char* path : {"/etc/secret", "/etc/secrets", "/no/such"})
    spec.mutable_linux()->add_maskedpaths(path);
  spec.mutable_linux()->add_readonlypaths("/proc/sys");
  CHECK(box.run(spec).out == "no\nno\n");
}

TEST_CASE("sysctls of the container's namespaces are set") {
  Container box;
  auto spec = box.spec("cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax");
  (*spec.mutable_linux()->mutable_sysctl())["net.ipv4.ip_unprivileged_port_start"] = "77";
  (*spec.mutable_linux()->mutable_sysctl())["kernel.msgmax"] = "9000";
  CHECK(box.run(spec).out == "77\n9000\n");
}

TEST_CASE("the container sees its own cgroup as the root of all") {
  Container box;
  auto spec = box.spec(
      "cat /proc/self/cgroup | grep :pids:; cat /sys/fs/cgroup/pids/cgroup.procs;"
      "echo 1 > /sys/fs/cgroup/pids/pids.max || echo no");
  add_mount(spec, "/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "ro"});
  const Outcome outcome = box.run(spec);
  CHECK(outcome.out.find(":pids:/\n1\n") != std::string::npos);
  CHECK(outcome.out.ends_with("no\n"));
}

TEST_CASE("a working directory that is missing is made inside the container") {
  Container box;
  auto spec = box.spec("pwd");
  spec.mutable_process()->set_cwd("/work/a/b");
  CHECK(box.run(spec).out == "/work/a/b\n");
  CHECK(fs::is_directory(box.rootfs() / "work/a/b"));
}

}  // namespace kata::agent::test
