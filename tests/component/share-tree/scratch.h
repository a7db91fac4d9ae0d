// SPDX-License-Identifier: Apache-2.0
//
// Where these tests mount things: a mount namespace and a directory of their own. Both go with the
// test's process.
#pragma once

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "kata/result.h"
#include "mount_table.h"

namespace kata::share::test {

namespace fs = std::filesystem;

inline std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// False when it cannot be written.
inline bool write_text(const fs::path& path, std::string_view text) {
  std::ofstream file(path);
  file << text;
  return file.flush().good();
}

inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

inline Deadline in_seconds(int seconds) {
  return std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
}

struct Scratch {
  fs::path directory{}, state{}, source{};

  // With `propagation` MS_SHARED, as systemd makes /run; with MS_PRIVATE, as a bare kernel has it.
  explicit Scratch(unsigned long propagation = MS_SHARED) {
    REQUIRE_MESSAGE(::unshare(CLONE_NEWNS) == 0, "these tests need root");
    REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    std::string name = "/tmp/kata-share-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    directory = name;
    REQUIRE(::mount("scratch", name.c_str(), "tmpfs", 0, "mode=0700") == 0);
    REQUIRE(::mount(nullptr, name.c_str(), nullptr, propagation, nullptr) == 0);
    state = directory / "state";
    source = directory / "source";
    fs::create_directories(state);
    fs::create_directories(source / "below");
    REQUIRE(write_text(source / "file", "hello"));
  }
  ~Scratch() {
    ::umount2(directory.c_str(), MNT_DETACH);
    ::rmdir(directory.c_str());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::vector<std::string> mounts() const {
    return mounts_below(read_text("/proc/self/mountinfo"), state.native());
  }
};

}  // namespace kata::share::test
