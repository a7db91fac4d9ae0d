// SPDX-License-Identifier: Apache-2.0
#include "share_tree.h"

#include <doctest/doctest.h>
#include <sys/sysmacros.h>

#include "tests/component/share-tree/scratch.h"

using namespace kata;
using namespace kata::share;
using namespace kata::share::test;

namespace {

ShareTree make_tree(const Scratch& scratch) {
  auto tree = ShareTree::create(scratch.state);
  REQUIRE_MESSAGE(tree.ok(), tree.error().message);
  return tree.take();
}

void add(ShareTree& tree, const std::string& id, const fs::path& path, bool read_only = false) {
  const auto added = tree.add({id, path, read_only});
  REQUIRE_MESSAGE(added.ok(), added.error().message);
}

}  // namespace

TEST_CASE("a share is seen through the export and can be written there") {
  for (const unsigned long propagation : {MS_SHARED, MS_PRIVATE}) {
    const Scratch scratch(propagation);
    ShareTree tree = make_tree(scratch);
    add(tree, "data", scratch.source);
    CHECK(read_text(scratch.state / "shared/data/file") == "hello");
    CHECK(write_text(scratch.state / "shared/data/new", "from the guest"));
    CHECK(read_text(scratch.source / "new") == "from the guest");
  }
}

TEST_CASE("the top of the export cannot be written") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  add(tree, "data", scratch.source);
  CHECK_FALSE(write_text(scratch.state / "shared/planted", "x"));
  CHECK(::mkdir((scratch.state / "shared/planted").c_str(), 0700) != 0);
  CHECK(errno == EROFS);
  CHECK(::symlink("/", (scratch.state / "shared/planted").c_str()) != 0);
}

TEST_CASE("a read-only share is read-only with everything mounted below it") {
  const Scratch scratch;
  REQUIRE(::mount("inner", (scratch.source / "below").c_str(), "tmpfs", 0, nullptr) == 0);
  REQUIRE(write_text(scratch.source / "below/inner", "deep"));
  ShareTree tree = make_tree(scratch);
  add(tree, "data", scratch.source, true);
  for (const char* side : {"shared/data", "mounts/data"}) {
    CHECK(read_text(scratch.state / side / "file") == "hello");
    CHECK(read_text(scratch.state / side / "below/inner") == "deep");
    CHECK_FALSE(write_text(scratch.state / side / "file", "changed"));
    CHECK_FALSE(write_text(scratch.state / side / "below/inner", "changed"));
  }
  CHECK(write_text(scratch.source / "file", "the host may"));
}

TEST_CASE("device nodes and set-user-id bits of a share do not count on the host") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  add(tree, "data", scratch.source);
  REQUIRE(::mknod((scratch.source / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
  CHECK(write_text(scratch.source / "null", "x"));
  CHECK_FALSE(write_text(scratch.state / "shared/data/null", "x"));
  CHECK(read_text("/proc/self/mountinfo").find("/shared/data rw,nosuid,nodev") !=
        std::string::npos);
}

TEST_CASE("a single file can be shared") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  add(tree, "hosts", scratch.source / "file", true);
  CHECK(read_text(scratch.state / "shared/hosts") == "hello");
  CHECK_FALSE(write_text(scratch.state / "shared/hosts", "x"));
  REQUIRE(tree.remove("hosts").ok());
  CHECK_FALSE(fs::exists(scratch.state / "shared/hosts"));
  CHECK(read_text(scratch.source / "file") == "hello");
}

TEST_CASE("a share id cannot leave the tree") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  for (const std::string& id :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("/etc"),
        std::string("../x"), std::string("a b"), std::string("a\n"), std::string("a\0b", 3),
        std::string(256, 'a'), std::string("\xc3\xa4")}) {
    CAPTURE(id);
    for (const auto& result : {tree.add({id, scratch.source, false}), tree.remove(id)}) {
      REQUIRE_FALSE(result.ok());
      CHECK(result.error().code == ErrorCode::kInvalidArgument);
    }
  }
  CHECK(fs::is_empty(scratch.state / "mounts"));
}

TEST_CASE("a host path with a symbolic link in it is refused") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  fs::create_directory_symlink(scratch.source, scratch.directory / "link");
  for (const char* path : {"link", "link/below", "link/file"}) {
    const auto added = tree.add({"data", scratch.directory / path, false});
    REQUIRE_FALSE(added.ok());
    CHECK(added.error().code == ErrorCode::kInvalidArgument);
    CHECK(added.error().message.find("symbolic link") != std::string::npos);
  }
  CHECK(fs::is_empty(scratch.state / "mounts"));
}

TEST_CASE("a host path that is missing or relative or no file is refused and named") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  REQUIRE(::mkfifo((scratch.source / "fifo").c_str(), 0600) == 0);
  for (const fs::path& path : {scratch.source / "missing", fs::path("tmp"), scratch.source / "fifo",
                               fs::path("/dev/null"), fs::path()}) {
    const auto added = tree.add({"data", path, false});
    REQUIRE_FALSE(added.ok());
    CHECK(added.error().message.find("'" + path.native() + "'") != std::string::npos);
  }
  CHECK(fs::is_empty(scratch.state / "mounts"));
}

TEST_CASE("a share id is taken until it is unshared") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  add(tree, "data", scratch.source);
  const auto again = tree.add({"data", scratch.source, false});
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == ErrorCode::kAlreadyExists);
  REQUIRE(tree.remove("data").ok());
  REQUIRE(tree.remove("data").ok());
  CHECK(read_text(scratch.source / "file") == "hello");
  add(tree, "data", scratch.source);
  CHECK(read_text(scratch.state / "shared/data/file") == "hello");
}

TEST_CASE("a file that is open in a share does not keep it from being unshared") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  add(tree, "data", scratch.source);
  std::ifstream open_file(scratch.state / "shared/data/file");
  REQUIRE(open_file.good());
  CHECK(tree.remove("data").ok());
  CHECK(scratch.mounts() == std::vector<std::string>{"mounts", "shared"});
}

TEST_CASE("sharing the directory that holds the tree itself does not multiply mounts") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  add(tree, "first", scratch.source);
  add(tree, "all", scratch.directory);
  add(tree, "again", scratch.directory);
  CHECK(scratch.mounts().size() < 64);
  REQUIRE(ShareTree::clear(scratch.state).ok());
  CHECK(scratch.mounts().empty());
  CHECK(read_text(scratch.source / "file") == "hello");
}

TEST_CASE("fifty shares are all there and clearing leaves no mount and no file") {
  const Scratch scratch;
  ShareTree tree = make_tree(scratch);
  for (int i = 0; i < 50; ++i) add(tree, "share-" + std::to_string(i), scratch.source, i % 2 == 0);
  for (int i = 0; i < 50; ++i)
    CHECK(read_text(scratch.state / "shared" / ("share-" + std::to_string(i)) / "file") == "hello");
  CHECK(scratch.mounts().size() == 102);
  REQUIRE(ShareTree::clear(scratch.state).ok());
  REQUIRE(ShareTree::clear(scratch.state).ok());
  CHECK(scratch.mounts().empty());
  CHECK(fs::is_empty(scratch.state));
  CHECK(read_text(scratch.source / "file") == "hello");
}

TEST_CASE("a link planted in place of a share leads no unmount astray") {
  const Scratch scratch;
  const fs::path canary = scratch.directory / "canary";
  fs::create_directory(canary);
  REQUIRE(::mount("canary", canary.c_str(), "tmpfs", 0, nullptr) == 0);
  ShareTree tree = make_tree(scratch);
  add(tree, "data", scratch.source);
  REQUIRE(::umount2((scratch.state / "mounts/data").c_str(), MNT_DETACH) == 0);
  REQUIRE(::rmdir((scratch.state / "mounts/data").c_str()) == 0);
  REQUIRE(::symlink(canary.c_str(), (scratch.state / "mounts/data").c_str()) == 0);

  CHECK(tree.remove("data").ok());
  CHECK_FALSE(fs::exists(fs::symlink_status(scratch.state / "mounts/data")));
  REQUIRE(::symlink(canary.c_str(), (scratch.state / "mounts/other").c_str()) == 0);
  REQUIRE(ShareTree::clear(scratch.state).ok());
  const auto left = mounts_below(read_text("/proc/self/mountinfo"), scratch.directory.native());
  CHECK(left == std::vector<std::string>{"canary"});
}

TEST_CASE("what is not an empty mount point is left and named") {
  const Scratch scratch;
  make_tree(scratch);
  REQUIRE(write_text(scratch.state / "mounts/precious", "data"));
  const auto cleared = ShareTree::clear(scratch.state);
  REQUIRE_FALSE(cleared.ok());
  CHECK(cleared.error().message.find("precious") != std::string::npos);
  CHECK(scratch.mounts().empty());
  CHECK(read_text(scratch.state / "mounts/precious") == "data");
}
