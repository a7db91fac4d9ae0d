// SPDX-License-Identifier: Apache-2.0
#include "core/base/files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/unit/config/temp_dir.h"

namespace kata {

namespace {

std::ptrdiff_t entries(const std::filesystem::path& path) {
  return std::distance(std::filesystem::directory_iterator(path), {});
}

}  // namespace

TEST_CASE("a file is read whole and up to its limit") {
  const TempDir dir;
  dir.write("f", std::string(100, 'x'));
  CHECK(read_file(dir.path() / "f").take().size() == 100);
  CHECK(read_file(dir.path() / "f", 100).ok());
  CHECK(read_file(dir.path() / "f", 99).error().code == ErrorCode::kResourceExhausted);
  CHECK(read_file(dir.path() / "none").error().code == ErrorCode::kNotFound);
  CHECK_FALSE(read_file(dir.path()).ok());
}

TEST_CASE("an atomic write replaces the content and leaves no other file") {
  const TempDir dir;
  const auto file = dir.path() / "f";
  REQUIRE(write_file_atomically(file, "one", 0640).ok());
  REQUIRE(write_file_atomically(file, "two", 0644, Durability::kVolatile).ok());
  CHECK(read_file(file).take() == "two");
  REQUIRE(write_file_atomically(file, "two", 0600).ok());
  CHECK(read_file(file).take() == "two");
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(entries(dir.path()) == 1);
}

TEST_CASE("an atomic write that fails leaves the old content and no other file") {
  const TempDir dir;
  std::filesystem::create_directory(dir.path() / "d");
  CHECK_FALSE(write_file_atomically(dir.path() / "d", "x").ok());
  CHECK(entries(dir.path()) == 1);
  const auto missing = write_file_atomically(dir.path() / "no/such/f", "x");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().message.starts_with("write '"));
}

TEST_CASE("writing an existing file makes none") {
  const TempDir dir;
  dir.write("f", "");
  CHECK(write_existing(dir.path() / "f", "7").ok());
  CHECK(read_file(dir.path() / "f").take() == "7");
  CHECK_FALSE(write_existing(dir.path() / "none", "7").ok());
  CHECK_FALSE(std::filesystem::exists(dir.path() / "none"));
}

}  // namespace kata
