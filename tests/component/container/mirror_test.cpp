// SPDX-License-Identifier: Apache-2.0
#include "agent/container/mirror.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "tests/temporary_directory.h"

namespace kata::agent::test {
namespace {

UniqueFd open_directory(const fs::path& path) {
  fs::create_directories(path);
  return UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

struct Pair {
  TemporaryDirectory directory{};
  fs::path source = directory.path() / "source", target = directory.path() / "target";
  Mirror mirror;

  explicit Pair(MirrorLimits limits = {})
      : mirror(open_directory(source), open_directory(target), limits) {}
  void put(const std::string& path, std::string_view text) const {
    fs::create_directories((source / path).parent_path());
    write_text(source / path, text);
  }
};

}  // namespace

TEST_CASE("a mirror follows files and links and directories") {
  Pair pair;
  pair.put("dir/file", "one");
  fs::create_symlink("dir/file", pair.source / "link");
  ::chmod((pair.source / "dir/file").c_str(), 0640);
  REQUIRE(pair.mirror.update().ok());
  CHECK(read_text(pair.target / "link") == "one");
  struct stat found {};
  REQUIRE(::stat((pair.target / "dir/file").c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0640);
  pair.put("dir/file", "a longer one");
  fs::remove(pair.source / "link");
  fs::create_symlink("dir", pair.source / "link");
  pair.put("new", "");
  REQUIRE(pair.mirror.update().ok());
  CHECK(read_text(pair.target / "link/file") == "a longer one");
  CHECK(fs::exists(pair.target / "new"));
  fs::remove_all(pair.source / "dir");
  REQUIRE(pair.mirror.update().ok());
  CHECK_FALSE(fs::exists(pair.target / "dir"));
  REQUIRE(pair.mirror.clear().ok());
  CHECK(fs::is_empty(pair.target));
}

TEST_CASE("a directory and a file may change places") {
  Pair pair;
  pair.put("a/inner/file", "x");
  pair.put("b", "y");
  REQUIRE(pair.mirror.update().ok());
  fs::remove_all(pair.source / "a");
  fs::remove(pair.source / "b");
  pair.put("a", "x");
  pair.put("b/inner", "y");
  REQUIRE(pair.mirror.update().ok());
  CHECK(read_text(pair.target / "a") == "x");
  CHECK(read_text(pair.target / "b/inner") == "y");
}

TEST_CASE("pipes are left out and links are copied and not followed") {
  Pair pair;
  REQUIRE(::mkfifo((pair.source / "pipe").c_str(), 0600) == 0);
  fs::create_symlink("/etc/hostname", pair.source / "out");
  REQUIRE(pair.mirror.update().ok());
  CHECK_FALSE(fs::exists(fs::symlink_status(pair.target / "pipe")));
  CHECK(fs::read_symlink(pair.target / "out") == "/etc/hostname");
}

TEST_CASE("a link that a container plants in the copy is not written through") {
  Pair pair;
  pair.put("dir/file", "one");
  REQUIRE(pair.mirror.update().ok());
  const fs::path victim = pair.directory.path() / "victim";
  fs::create_directories(victim);
  fs::remove_all(pair.target / "dir");
  fs::create_directory_symlink(victim, pair.target / "dir");
  pair.put("dir/file", "two, longer");
  CHECK_FALSE(pair.mirror.update().ok());
  CHECK(fs::is_empty(victim));
}

TEST_CASE("what is larger than the limits is refused") {
  for (const MirrorLimits& limits : {MirrorLimits{2, 1000}, MirrorLimits{100, 5}}) {
    Pair pair(limits);
    pair.put("a", "123");
    pair.put("b", "456");
    pair.put("c", "");
    const auto updated = pair.mirror.update();
    REQUIRE_FALSE(updated.ok());
    CHECK(updated.error().code == ErrorCode::kResourceExhausted);
    CHECK(fs::is_empty(pair.target));
  }
}

}  // namespace kata::agent::test
