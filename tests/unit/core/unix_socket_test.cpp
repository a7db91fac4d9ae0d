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

TEST_CASE("a path of 107 bytes is used and a longer one is refused with the remedy") {
  const TempDir dir;
  std::string path = (dir.path() / "").native();
  path.append(kMaxSocketPath - path.size(), 'x');
  CHECK(listen_unix(path).ok());
  const auto longer = listen_unix(path + "x");
  REQUIRE_FALSE(longer.ok());
  CHECK(longer.error().message.ends_with(
      "has 108 bytes; the kernel allows 1 to 107: use a shorter --root or id"));
  CHECK_FALSE(listen_unix("").ok());
}

}  // namespace kata
