// SPDX-License-Identifier: Apache-2.0
//
// A sysfs of plain files.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/temporary_directory.h"

namespace kata::agent {

struct FakeSysfs {
  TemporaryDirectory directory{};
  std::filesystem::path root = directory.path();

  void put(const std::string& path, const std::string& text = "") const {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  void link(const std::string& path, const std::string& target) const {
    std::filesystem::create_directories((root / path).parent_path());
    std::filesystem::create_symlink(target, root / path);
  }
  std::string text(const std::string& path) const {
    std::ifstream stream(root / path);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
};

}  // namespace kata::agent
