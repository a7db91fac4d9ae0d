// SPDX-License-Identifier: Apache-2.0
//
// Trees as a hostile guest would leave them.
#include "kata/beneath.h"

#include <doctest/doctest.h>

#include "tests/unit/config/temp_dir.h"

namespace kata {

namespace {

struct HostileTree {
  TempDir dir{};
  UniqueFd root{};

  HostileTree() {
    dir.write("secret", "outside");
    dir.write("root/file", "inside");
    dir.write("root/sub/file", "below");
    const auto link = [this](const char* target, const char* name) {
      std::filesystem::create_symlink(target, dir.path() / "root" / name);
    };
    link("../secret", "up");
    link("/etc/passwd", "absolute");
    link("sub", "inner");
    link("loop", "loop");
    link("/proc/self/root", "magic");
    root.reset(::open((dir.path() / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(root);
  }
};

}  // namespace

TEST_CASE("beneath a root plain paths open and every link and step out is refused") {
  const HostileTree tree;
  CHECK(open_beneath(tree.root.get(), "file", O_RDONLY).ok());
  CHECK(open_beneath(tree.root.get(), "/sub/file", O_RDONLY).ok());
  for (const char* path : {"../secret", "up", "absolute", "inner", "inner/file", "loop",
                           "sub/../../secret", "magic", "magic/etc/passwd"}) {
    CAPTURE(path);
    CHECK_FALSE(open_beneath(tree.root.get(), path, O_RDONLY).ok());
  }
}

TEST_CASE("in a root links are followed as a chroot would and never out") {
  const HostileTree tree;
  CHECK(open_in_root(tree.root.get(), "inner/file", O_RDONLY).ok());
  CHECK(open_in_root(tree.root.get(), "/../../file", O_RDONLY).ok());
  for (const char* path : {"up", "../secret", "absolute", "loop", "magic/etc/passwd"}) {
    CAPTURE(path);
    CHECK_FALSE(open_in_root(tree.root.get(), path, O_RDONLY).ok());
  }
}

TEST_CASE("directories are made beneath a root and through no link") {
  const HostileTree tree;
  CHECK(make_directories_beneath(tree.root.get(), "a/b/c", 0700).ok());
  CHECK(make_directories_beneath(tree.root.get(), "a/b/c", 0700).ok());
  CHECK(std::filesystem::is_directory(tree.dir.path() / "root/a/b/c"));
  CHECK_FALSE(make_directories_beneath(tree.root.get(), "inner/x", 0700).ok());
  CHECK_FALSE(make_directories_beneath(tree.root.get(), "../x", 0700).ok());
  CHECK_FALSE(make_directories_beneath(tree.root.get(), "file/x", 0700).ok());
  CHECK_FALSE(std::filesystem::exists(tree.dir.path() / "x"));
}

TEST_CASE("directories made in a root follow its own links only") {
  const HostileTree tree;
  CHECK(make_directories_in_root(tree.root.get(), "inner/x", 0700).ok());
  CHECK(std::filesystem::is_directory(tree.dir.path() / "root/sub/x"));
  CHECK_FALSE(make_directories_in_root(tree.root.get(), "loop/x", 0700).ok());
}

}  // namespace kata
