// SPDX-License-Identifier: Apache-2.0
#include "kata/unix_socket.h"

#include <doctest/doctest.h>

#include "tests/unit/config/temp_dir.h"

namespace kata {

TEST_CASE("a socket is for its owner only and connects") {
  const TempDir dir;
  const auto path = dir.path() / "s";
  CHECK(connect_unix(path).error().code == ErrorCode::kNotFound);
  const auto listener = listen_unix(path);
  REQUIRE(listener.ok());
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(connect_unix(path).ok());
  CHECK_FALSE(listen_unix(path).ok());
}

TEST_CASE("a path longer than the kernel's 107 bytes is as good as a short one") {
  const TempDir dir;
  std::string path = (dir.path() / "").native();
  path.append(kMaxSocketPath - path.size(), 'x');
  CHECK(listen_unix(path).ok());
  path += "x";
  CHECK(connect_unix(path).error().code == ErrorCode::kNotFound);
  const auto listener = listen_unix(path);
  REQUIRE(listener.ok());
  CHECK(std::filesystem::is_socket(path));
  CHECK(connect_unix(path).ok());
  CHECK(connect_unix(dir.path() / "absent" / std::string(90, 'd') / "s").error().code ==
        ErrorCode::kNotFound);
}

TEST_CASE("a name longer than 107 bytes is refused with the remedy") {
  const TempDir dir;
  const auto refused = listen_unix(dir.path() / std::string(108, 'x'));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("the kernel allows 1 to 107") != std::string::npos);
  CHECK_FALSE(listen_unix("").ok());
}

}  // namespace kata
