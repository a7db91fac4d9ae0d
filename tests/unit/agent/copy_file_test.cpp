// SPDX-License-Identifier: Apache-2.0
//
// CopyFile against a tree that a hostile container writes to as well.
#include "agent/copy_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "agent.pb.h"
#include "tests/temporary_directory.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

struct Tree {
  TemporaryDirectory directory{};
  fs::path root = directory.path() / "shared";
  fs::path outside = directory.path() / "outside";

  Tree() {
    fs::create_directories(root / "pod");
    fs::create_directories(outside);
    std::ofstream(outside / "file") << "untouched";
  }
  // Nothing that lies outside the tree may ever change.
  ~Tree() {
    CHECK(text("../outside/file") == "untouched");
    CHECK(std::distance(fs::directory_iterator(outside), {}) == 1);
  }
  std::string text(const fs::path& path) const {
    std::ifstream stream(root / path);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  grpc::CopyFileRequest request(const fs::path& path, mode_t mode,
                                const std::string& data = {}) const {
    grpc::CopyFileRequest copy;
    copy.set_path(root / path);
    copy.set_file_mode(mode);
    copy.set_dir_mode(0755);
    copy.set_uid(-1);
    copy.set_gid(-1);
    copy.set_data(data);
    if (S_ISREG(mode)) copy.set_file_size(static_cast<std::int64_t>(data.size()));
    return copy;
  }
  Result<void> copy(const grpc::CopyFileRequest& request) const { return copy_file(root, request); }
};

mode_t mode_of(const fs::path& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found.st_mode;
}

}  // namespace

TEST_CASE("a file replaces what was there with its mode") {
  const Tree tree;
  for (const char* content : {"first", "second", ""}) {
    REQUIRE(tree.copy(tree.request("pod/a/file", S_IFREG | 0751, content)).ok());
    CHECK(tree.text("pod/a/file") == content);
  }
  CHECK(mode_of(tree.root / "pod/a/file") == (S_IFREG | 0751));
  CHECK(std::distance(fs::directory_iterator(tree.root / "pod/a"), {}) == 1);
}

TEST_CASE("a name of 255 bytes is copied and a longer one is refused") {
  const Tree tree;
  CHECK(tree.copy(tree.request("pod/" + std::string(255, 'n'), S_IFREG | 0600, "x")).ok());
  const auto refused = tree.copy(tree.request("pod/" + std::string(256, 'n'), S_IFREG | 0600));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("names that differ only in their extension do not mix their chunks") {
  const Tree tree;
  auto one = tree.request("pod/x.one", S_IFREG | 0600, "11");
  auto two = tree.request("pod/x.two", S_IFREG | 0600, "22");
  one.set_file_size(4);
  two.set_file_size(4);
  for (const std::int64_t offset : {0, 2}) {
    one.set_offset(offset);
    two.set_offset(offset);
    REQUIRE(tree.copy(one).ok());
    REQUIRE(tree.copy(two).ok());
  }
  CHECK(tree.text("pod/x.one") == "1111");
  CHECK(tree.text("pod/x.two") == "2222");
}

TEST_CASE("a later chunk without a first one is refused") {
  const Tree tree;
  auto copy = tree.request("pod/file", S_IFREG | 0600, "data");
  copy.set_file_size(8);
  copy.set_offset(4);
  const auto refused = tree.copy(copy);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kFailedPrecondition);
}

TEST_CASE("numbers that make no sense are refused by name") {
  const Tree tree;
  const auto refused = [&](auto change, std::string_view word) {
    auto copy = tree.request("pod/file", S_IFREG | 0600, "data");
    change(copy);
    const auto result = tree.copy(copy);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kInvalidArgument);
    CHECK_MESSAGE(result.error().message.find(word) != std::string::npos, result.error().message);
  };
  using Copy = grpc::CopyFileRequest;
  refused([](Copy& copy) { copy.set_file_size(-1); }, "file_size");
  refused([](Copy& copy) { copy.set_offset(-1); }, "offset");
  refused([](Copy& copy) { copy.set_file_size(3); }, "data");
  refused([](Copy& copy) { copy.set_offset(INT64_MAX); }, "data");
  refused([](Copy& copy) { copy.set_uid(-2); }, "uid");
  for (const mode_t type : {S_IFIFO, S_IFBLK, S_IFCHR, S_IFSOCK})
    refused([type](Copy& copy) { copy.set_file_mode(type | 0600); }, "file_mode");
}

TEST_CASE("paths that leave the tree are refused for every type") {
  const Tree tree;
  const std::string root = tree.root;
  for (const std::string& path :
       {std::string(), std::string("/"), root, root + "/", root + "/pod/..", root + "/../outside/f",
        root + "/pod/../../outside/f", root + "/pod/./f", root + "x/f", std::string("pod/f"),
        root + std::string("/a\0b", 4), root + "/pod/"}) {
    for (const mode_t type : {S_IFREG, S_IFDIR, S_IFLNK}) {
      CAPTURE(path);
      auto copy = tree.request("pod/f", type | 0700, "target");
      copy.set_path(path);
      const auto refused = tree.copy(copy);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().code == ErrorCode::kInvalidArgument);
    }
  }
}

TEST_CASE("links that a container has planted are not followed") {
  const Tree tree;
  fs::create_directory_symlink(tree.outside, tree.root / "pod/out");
  fs::create_directory(tree.root / "pod/inner");
  fs::create_directory_symlink("inner", tree.root / "pod/in");
  fs::create_symlink(tree.outside / "file", tree.root / "pod/link");
  for (const mode_t type : {S_IFREG, S_IFDIR, S_IFLNK})
    for (const char* path : {"pod/out/f", "pod/in/f"})
      CHECK_FALSE(tree.copy(tree.request(path, type | 0700, "target")).ok());
  REQUIRE(tree.copy(tree.request("pod/link", S_IFREG | 0600, "own")).ok());
  CHECK(mode_of(tree.root / "pod/link") == (S_IFREG | 0600));
}

TEST_CASE("an unfinished copy that a container replaces is not written to") {
  const Tree tree;
  auto copy = tree.request("pod/file", S_IFREG | 0600, "aa");
  copy.set_file_size(4);
  const auto gathering = [&] {
    REQUIRE(tree.copy(copy).ok());
    return fs::directory_iterator(tree.root / "pod")->path();
  };
  auto second = copy;
  second.set_offset(2);
  fs::path place = gathering();
  fs::remove(place);
  fs::create_symlink(tree.outside / "file", place);
  CHECK_FALSE(tree.copy(second).ok());
  place = gathering();
  fs::remove(place);
  fs::create_hard_link(tree.outside / "file", place);
  CHECK(tree.copy(second).error().code == ErrorCode::kPermission);
  place = gathering();
  fs::remove(place);
  REQUIRE(::mkfifo(place.c_str(), 0600) == 0);
  CHECK_FALSE(tree.copy(second).ok());
  REQUIRE(tree.copy(copy).ok());
  REQUIRE(tree.copy(second).ok());
  CHECK(tree.text("pod/file") == "aaaa");
}

TEST_CASE("a directory is made once and keeps what is in it") {
  const Tree tree;
  REQUIRE(tree.copy(tree.request("pod/dir", S_IFDIR | 01770)).ok());
  std::ofstream(tree.root / "pod/dir/kept") << "x";
  REQUIRE(tree.copy(tree.request("pod/dir", S_IFDIR | 0700)).ok());
  CHECK(mode_of(tree.root / "pod/dir") == (S_IFDIR | 0700));
  CHECK(fs::exists(tree.root / "pod/dir/kept"));
  REQUIRE(tree.copy(tree.request("pod/file", S_IFREG | 0600, "x")).ok());
  REQUIRE(tree.copy(tree.request("pod/file", S_IFDIR | 0700)).ok());
  CHECK(mode_of(tree.root / "pod/file") == (S_IFDIR | 0700));
}

TEST_CASE("a directory that holds something is not replaced by a file") {
  const Tree tree;
  fs::create_directories(tree.root / "pod/dir/inside");
  CHECK_FALSE(tree.copy(tree.request("pod/dir", S_IFREG | 0600, "x")).ok());
  CHECK(fs::exists(tree.root / "pod/dir/inside"));
  CHECK(tree.copy(tree.request("pod/dir/inside", S_IFREG | 0600, "x")).ok());
}

TEST_CASE("links of a config map are made and replaced") {
  const Tree tree;
  for (const char* target : {"..2026_01", "..2026_02"}) {
    const auto copied = tree.copy(tree.request("pod/..data", S_IFLNK | 0777, target));
    REQUIRE_MESSAGE(copied.ok(), copied.error().message);
    CHECK(fs::read_symlink(tree.root / "pod/..data") == target);
  }
  CHECK(tree.copy(tree.request("pod/key", S_IFLNK | 0777, "..data/key")).ok());
}

TEST_CASE("links that leave their directory or stand at the top are refused") {
  const Tree tree;
  for (const std::string& target :
       {std::string("/etc/passwd"), std::string("../x"), std::string("a/../../x"), std::string(),
        std::string("a\0b", 3)}) {
    CAPTURE(target);
    const auto refused = tree.copy(tree.request("pod/link", S_IFLNK | 0777, target));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK_FALSE(tree.copy(tree.request("link", S_IFLNK | 0777, "pod")).ok());
}

}  // namespace kata::agent
