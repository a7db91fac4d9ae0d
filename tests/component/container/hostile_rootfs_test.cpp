// SPDX-License-Identifier: Apache-2.0
//
// A rootfs made to lead the agent out of it, and specifications that ask for it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

namespace kata::agent::test {
namespace {

void replace_by_link(const fs::path& path, const fs::path& target) {
  fs::remove_all(path);
  fs::create_symlink(target, path);
}

std::string failure(Container& box, const grpc::Spec& spec) {
  const auto created = box.create(spec);
  REQUIRE(!created.ok());
  return created.error().message;
}

}  // namespace

TEST_CASE("a rootfs whose proc or sys or dev is a link is refused") {
  for (const char* name : {"proc", "sys", "dev"}) {
    Container box;
    const fs::path canary = box.paths().bundle / "canary";
    fs::create_directories(canary);
    replace_by_link(box.rootfs() / name, canary);
    CHECK(failure(box, box.spec("true")).find(name) != std::string::npos);
    CHECK(fs::is_empty(canary));
  }
}

TEST_CASE("links in a mount's destination stay inside the rootfs") {
  Container box;
  const fs::path canary = box.paths().bundle / "canary";
  fs::create_directories(canary);
  const fs::path inside = box.rootfs() / canary.relative_path();
  fs::create_directories(inside);
  fs::create_symlink(canary, box.rootfs() / "absolute");
  fs::create_symlink("../../../../../../" + canary.string(), box.rootfs() / "relative");
  auto spec = box.spec("true");
  add_mount(spec, "/absolute/one", "tmpfs", "tmpfs", {});
  add_mount(spec, "/relative/two", "tmpfs", "tmpfs", {});
  CHECK(box.run(spec).code == 0);
  CHECK(fs::is_empty(canary));
  CHECK(fs::is_directory(inside / "one"));
  CHECK(fs::is_directory(inside / "two"));
}

TEST_CASE("a dangling link in a mount's destination is refused and makes nothing outside") {
  Container box;
  const fs::path canary = box.paths().bundle / "canary";
  fs::create_symlink(canary, box.rootfs() / "dangling");
  auto spec = box.spec("true");
  add_mount(spec, "/dangling/one", "tmpfs", "tmpfs", {});
  CHECK(failure(box, spec).find("dangling") != std::string::npos);
  CHECK(!fs::exists(canary));
}

TEST_CASE("a mount that reaches proc by a link is refused") {
  Container box;
  fs::create_symlink("/proc/sys", box.rootfs() / "innocent");
  auto spec = box.spec("true");
  add_mount(spec, "/innocent", "tmpfs", "tmpfs", {});
  CHECK(failure(box, spec).find("leads into /proc") != std::string::npos);
}

TEST_CASE("mounts inside proc are refused but for the known files") {
  Container box;
  auto spec = box.spec("true");
  add_mount(spec, "/proc/sys", "tmpfs", "tmpfs", {});
  CHECK(failure(box, spec).find("mounts[4]: destination: '/proc/sys' is inside /proc") !=
        std::string::npos);
  write_text(box.paths().bundle / "uptime", "1 2\n");
  spec = box.spec("cat /proc/uptime");
  add_mount(spec, "/proc/uptime", "bind", box.paths().bundle / "uptime", {"bind"});
  CHECK(box.run(spec).out == "1 2\n");
}

TEST_CASE("working directories that lead out of the container are refused") {
  Container box;
  const UniqueFd leaked(::open("/", O_RDONLY | O_DIRECTORY));
  auto spec = box.spec("true");
  for (const char* cwd :
       {"/proc/self/fd/3", "/proc/self/fd/10", "/proc/self/cwd", "/proc/1/root"}) {
    spec.mutable_process()->set_cwd(cwd);
    CHECK(failure(box, spec).find("process.cwd") != std::string::npos);
  }
  spec.mutable_process()->set_cwd("/../../../work");
  CHECK(box.run(spec).code == 0);
}

TEST_CASE("a masked path that is a link hides what it points to inside the rootfs") {
  Container box;
  write_text(box.paths().bundle / "canary", "host");
  fs::create_symlink(box.paths().bundle / "canary", box.rootfs() / "etc/mask");
  auto spec = box.spec("true");
  spec.mutable_linux()->add_maskedpaths("/etc/mask");
  CHECK(box.run(spec).code == 0);
  CHECK(read_text(box.paths().bundle / "canary") == "host");
}

TEST_CASE("a default device that is a link in the rootfs is refused") {
  Container box;
  const fs::path canary = box.paths().bundle / "canary";
  write_text(canary, "host");
  auto spec = box.spec("true");
  spec.mutable_mounts()->DeleteSubrange(1, 2);  // the rootfs' own /dev
  fs::create_symlink(canary, box.rootfs() / "dev/null");
  CHECK(failure(box, spec).find("'/dev/null': the rootfs has another file there") !=
        std::string::npos);
  CHECK(read_text(canary) == "host");
}

TEST_CASE("a device node made inside cannot be opened against the rules") {
  Container box;
  // 10:200 is tun, which needs no capability to be opened: what refuses it are the rules.
  const Outcome outcome = box.run("mknod /work/tun c 10 200 && head -c 1 /work/tun");
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find("Operation not permitted") != std::string::npos);
}

TEST_CASE("a root directory that is a link is refused") {
  Container box;
  fs::create_symlink(box.rootfs(), box.paths().bundle / "link");
  auto spec = box.spec("true");
  spec.mutable_root()->set_path(box.paths().bundle / "link");
  CHECK(failure(box, spec).find("is not a directory") != std::string::npos);
}

TEST_CASE("a huge or odd passwd file does no harm") {
  Container box;
  write_text(box.rootfs() / "etc/passwd", std::string(8U << 20, 'x'));
  CHECK(box.run("echo $HOME").out == "/\n");
  fs::remove(box.rootfs() / "etc/passwd");
  REQUIRE(::mkfifo((box.rootfs() / "etc/passwd").c_str(), 0666) == 0);
  CHECK(box.run("echo $HOME").out == "/\n");
}

}  // namespace kata::agent::test
