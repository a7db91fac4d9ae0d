// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/rootfs_mount.h"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::shim_v2;

TEST_CASE("mount options become flags and what the filesystem is told") {
  CHECK(mount_options({}) == MountOptions{});
  CHECK(mount_options({"ro", "nosuid", "rbind"}) ==
        MountOptions{MS_RDONLY | MS_NOSUID | MS_BIND | MS_REC, 0, ""});
  CHECK(mount_options({"ro", "rw"}) == MountOptions{});
  CHECK(mount_options({"index=off", "rprivate", "lowerdir=/a:/b"}) ==
        MountOptions{0, MS_PRIVATE | MS_REC, "index=off,lowerdir=/a:/b"});
}

TEST_CASE("layers are named relative to the directory they share") {
  const auto layers =
      shorten_layers("index=off,workdir=/s/9/work,lowerdir=/s/snap/12:/s/snap/1/fs");
  CHECK(layers.directory == "/s/snap/");
  CHECK(layers.data == "index=off,workdir=/s/9/work,lowerdir=12:1/fs");
  CHECK(shorten_layers("lowerdir=/a/x:/b/y").directory.empty());
  CHECK(shorten_layers("lowerdir=relative:other").directory.empty());
  CHECK(shorten_layers("upperdir=/a").directory.empty());
}

TEST_CASE("nothing mounted is nothing to unmount and a bad mount names its source") {
  const TemporaryDirectory directory;
  CHECK(unmount_rootfs(directory.path()).ok());
  CHECK(unmount_rootfs(directory.path() / "missing").ok());
  const RootfsMount bad[] = {{"bind", "/nonexistent/source", "", {"rbind"}}};
  const auto mounted = mount_rootfs(bad, directory.path());
  REQUIRE_FALSE(mounted.ok());
  CHECK(mounted.error().message.find("/nonexistent/source") != std::string::npos);
}
