// SPDX-License-Identifier: Apache-2.0
#include "sandbox/mount_points.h"

#include <doctest/doctest.h>

#include "tests/unit/sandbox/stage.h"

namespace kata::sandbox {

namespace {

namespace fs = std::filesystem;

void add(grpc::Spec& spec, const char* destination, const std::string& source, const char* type) {
  grpc::Mount& mount = *spec.add_mounts();
  mount.set_destination(destination);
  mount.set_source(source);
  mount.set_type(type);
}

struct Rootfs : TemporaryDirectory {
  fs::path root = path() / "rootfs";
  Rootfs() { fs::create_directory(root); }
};

}  // namespace

TEST_CASE("missing mount points of a read-only root are made as file or directory") {
  Rootfs at;
  grpc::Spec spec;
  add(spec, "/proc", "proc", "proc");
  add(spec, "/etc/hosts", "/proc/self/cmdline", "bind");
  add(spec, "/srv/data", "/tmp", "bind");
  REQUIRE(make_mount_points(at.root, spec).ok());
  CHECK(fs::is_directory(at.root / "proc"));
  CHECK(fs::is_regular_file(at.root / "etc/hosts"));
  CHECK(fs::is_directory(at.root / "srv/data"));
  CHECK(make_mount_points(at.root, spec).ok());
}

TEST_CASE("destinations inside an earlier mount are not made in the rootfs") {
  Rootfs at;
  grpc::Spec spec;
  add(spec, "/dev", "tmpfs", "tmpfs");
  add(spec, "/dev/pts", "devpts", "devpts");
  add(spec, "/device", "tmpfs", "tmpfs");
  REQUIRE(make_mount_points(at.root, spec).ok());
  CHECK(fs::is_directory(at.root / "dev"));
  CHECK_FALSE(fs::exists(at.root / "dev/pts"));
  CHECK(fs::is_directory(at.root / "device"));
}

TEST_CASE("links in the rootfs lead nowhere on the host") {
  Rootfs at;
  const fs::path outside = at.path() / "outside";
  fs::create_directory(outside);
  fs::create_symlink(outside, at.root / "absolute");
  fs::create_symlink("../outside", at.root / "relative");
  fs::create_symlink(outside / "file", at.root / "dangling");
  grpc::Spec spec;
  add(spec, "/absolute/x", "tmpfs", "tmpfs");
  add(spec, "/relative/x", "/proc/self/cmdline", "bind");
  add(spec, "/dangling", "/proc/self/cmdline", "bind");
  static_cast<void>(make_mount_points(at.root, spec));
  CHECK(fs::is_empty(outside));
}

}  // namespace kata::sandbox
