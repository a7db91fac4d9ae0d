// SPDX-License-Identifier: Apache-2.0
//
// The messages are tested where they are read: unit/config and broken-plugins.
#include "core/base/trust.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/config/temp_dir.h"

namespace kata {

TEST_CASE("a file of ours that nobody else can write to is trusted and not inherited") {
  const TempDir dir;
  dir.write("f", "text");
  const auto file = open_trusted_file(dir.path() / "f");
  REQUIRE(file.ok());
  CHECK((::fcntl(file.value().get(), F_GETFD) & FD_CLOEXEC) != 0);
  char text[8] = {};
  CHECK(::read(file.value().get(), text, sizeof text) == 4);
}

TEST_CASE("each bit that lets others write is refused") {
  const TempDir dir;
  dir.write("f", "");
  for (const mode_t mode : {0620, 0602, 0666}) {
    CAPTURE(mode);
    ::chmod((dir.path() / "f").c_str(), mode);
    CHECK(open_trusted_file(dir.path() / "f").error().code == ErrorCode::kPermission);
  }
  for (const mode_t mode : {0400, 0644, 0755}) {
    CAPTURE(mode);
    ::chmod((dir.path() / "f").c_str(), mode);
    CHECK(open_trusted_file(dir.path() / "f").ok());
  }
}

TEST_CASE("a link in the last place is refused and in the directory it is followed") {
  const TempDir dir;
  dir.write("real/f", "");
  std::filesystem::create_symlink(dir.path() / "real/f", dir.path() / "f");
  std::filesystem::create_symlink(dir.path() / "real", dir.path() / "dir");
  CHECK_FALSE(open_trusted_file(dir.path() / "f").ok());
  CHECK(open_trusted_file(dir.path() / "dir/f").ok());
}

TEST_CASE("a directory is trusted by the same rule") {
  const TempDir dir;
  CHECK(check_trusted_directory(dir.path()).ok());
  ::chmod(dir.path().c_str(), 0770);
  CHECK_FALSE(check_trusted_directory(dir.path()).ok());
  CHECK_FALSE(check_trusted_directory("/proc/self/cmdline").ok());
}

}  // namespace kata
