// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/directory_watch.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>

#include <fstream>

#include "tests/temporary_directory.h"

using namespace kata;
using throttler::DirectoryWatch;
namespace fs = std::filesystem;

namespace {

bool readable(const DirectoryWatch& watch) {
  pollfd fd{watch.fd(), POLLIN, 0};
  return ::poll(&fd, 1, 0) == 1;
}

}  // namespace

TEST_CASE("a new entry is news once") {
  const TemporaryDirectory root;
  auto watch = DirectoryWatch::open(root.path()).take();
  CHECK(!readable(watch));
  fs::create_directory(root.path() / "sandbox");
  CHECK(readable(watch));
  CHECK(watch.take_news().value());
  CHECK(!watch.take_news().value());
  CHECK(!readable(watch));
}

TEST_CASE("what happens inside an entry and its end are no news") {
  const TemporaryDirectory root;
  fs::create_directory(root.path() / "sandbox");
  auto watch = DirectoryWatch::open(root.path()).take();
  std::ofstream(root.path() / "sandbox/file") << "text";
  fs::remove_all(root.path() / "sandbox");
  CHECK(!readable(watch));
  CHECK(!watch.take_news().value());
}

TEST_CASE("a directory that does not exist yet is waited for") {
  const TemporaryDirectory root;
  const auto directory = root.path() / "vc/sbs";
  auto watch = DirectoryWatch::open(directory).take();
  fs::create_directory(root.path() / "vc");
  CHECK(readable(watch));
  CHECK(!watch.take_news().value());
  fs::create_directory(directory);
  CHECK(!watch.take_news().value());
  fs::create_directory(directory / "sandbox");
  CHECK(watch.take_news().value());
  fs::create_directory(root.path() / "other");
  CHECK(!readable(watch));
}

TEST_CASE("a directory that comes with entries is news") {
  const TemporaryDirectory root;
  auto watch = DirectoryWatch::open(root.path() / "vc/sbs").take();
  fs::create_directories(root.path() / "vc/sbs/sandbox");
  CHECK(watch.take_news().value());
}

TEST_CASE("a directory that is made anew is followed") {
  const TemporaryDirectory root;
  const auto directory = root.path() / "sbs";
  fs::create_directory(directory);
  auto watch = DirectoryWatch::open(directory).take();
  fs::remove(directory);
  CHECK(!watch.take_news().value());
  fs::create_directories(directory / "sandbox");
  CHECK(watch.take_news().value());
  fs::create_directory(directory / "second");
  CHECK(watch.take_news().value());
}

TEST_CASE("a watch that is handed over loses no news") {
  const TemporaryDirectory root;
  auto first = DirectoryWatch::open(root.path()).take();
  fs::create_directory(root.path() / "sandbox");
  auto second =
      DirectoryWatch::open(root.path(), UniqueFd(::fcntl(first.fd(), F_DUPFD_CLOEXEC, 0))).take();
  CHECK(second.take_news().value());
}
