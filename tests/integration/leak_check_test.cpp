// SPDX-License-Identifier: Apache-2.0
//
// The leak check itself, with leaks planted for it to find.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kata/unix_socket.h"
#include "tests/integration/harness/command.h"
#include "tests/integration/harness/leak_check.h"

using namespace kata::test;

namespace {

struct Planted {
  Planted() {
    char name[] = "/tmp/kt.XXXXXX";
    directory = ::mkdtemp(name);
    before = take_snapshot(directory, "planted");
  }
  ~Planted() { std::filesystem::remove_all(directory); }
  std::string found() const { return leaks(before, take_snapshot(directory, "planted")); }

  std::filesystem::path directory{};
  Snapshot before{};
};

}  // namespace

TEST_CASE("nothing planted means nothing found") { CHECK(Planted().found() == ""); }

TEST_CASE("a planted process is found") {
  const Planted planted;
  CommandOptions options;
  options.environment[kMarkerVariable] = "planted";
  const Background process({"/bin/sleep", "60"}, options, "/dev/null");
  CHECK(eventually([&] { return planted.found().find("process ") != std::string::npos; },
                   std::chrono::seconds(5)));
}

TEST_CASE("a planted mount is found") {
  const Planted planted;
  const std::filesystem::path point = planted.directory / "m";
  std::filesystem::create_directory(point);
  REQUIRE(::mount("tmpfs", point.c_str(), "tmpfs", 0, nullptr) == 0);
  CHECK(planted.found().find("mount " + point.string()) != std::string::npos);
  ::umount2(point.c_str(), MNT_DETACH);
}

TEST_CASE("a planted socket is found even after its file was removed") {
  const Planted planted;
  const auto socket = kata::listen_unix(planted.directory / "s");
  REQUIRE(socket.ok());
  std::filesystem::remove(planted.directory / "s");
  CHECK(planted.found().find("socket ") != std::string::npos);
}

TEST_CASE("a planted file is found") {
  const Planted planted;
  std::ofstream(planted.directory / "f") << "x";
  CHECK(planted.found() == "file " + (planted.directory / "f").string() + "\n");
}

TEST_CASE("a planted cgroup is found") {
  const Planted planted;
  const std::filesystem::path cgroup = "/sys/fs/cgroup/pids/kata-planted";
  REQUIRE(std::filesystem::create_directory(cgroup));
  CHECK(planted.found().find("cgroup " + cgroup.string()) != std::string::npos);
  std::filesystem::remove(cgroup);
}

TEST_CASE("a planted descriptor is found") {
  const Planted planted;
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  CHECK(planted.found().find("descriptor ") != std::string::npos);
  ::close(fd);
}

TEST_CASE("a planted file in shared memory is found") {
  const Planted planted;
  std::ofstream("/dev/shm/kata-planted") << "x";
  CHECK(planted.found().find("shm kata-planted") != std::string::npos);
  std::filesystem::remove("/dev/shm/kata-planted");
}

TEST_CASE("a planted network namespace is found") {
  const Planted planted;
  std::filesystem::create_directories("/run/netns");
  std::ofstream("/run/netns/kata-planted") << "";
  CHECK(planted.found().find("netns kata-planted") != std::string::npos);
  std::filesystem::remove("/run/netns/kata-planted");
}
