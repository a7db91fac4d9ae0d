// SPDX-License-Identifier: Apache-2.0
//
// A directory of the test's own, gone with the test.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "kata/concat.h"

namespace kata {

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "kata-test-XXXXXX").native();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = std::filesystem::canonical(name);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }

  // Files 0644 in directories 0755, whatever the umask.
  void write(const std::filesystem::path& name, std::string_view content) const {
    const auto file = path_ / name;
    for (auto parent = file.parent_path(); parent != path_; parent = parent.parent_path()) {
      std::filesystem::create_directories(parent);
      ::chmod(parent.c_str(), 0755);
    }
    std::ofstream(file, std::ios::binary) << content;
    ::chmod(file.c_str(), 0644);
  }

 private:
  std::filesystem::path path_{};
};

}  // namespace kata
