// SPDX-License-Identifier: Apache-2.0
//
// Container images from directories, in the format of `docker save`, which containerd imports.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kata::test {

struct ImageSource {
  std::string reference{};         // "localhost/cri/busybox:1"
  std::filesystem::path rootfs{};  // one layer
  std::vector<std::string> entrypoint{};
};

// Returns the archive, which lies in `directory`; fails the test when it cannot be made.
std::filesystem::path make_image_archive(const std::filesystem::path& directory,
                                         const std::vector<ImageSource>& images);

}  // namespace kata::test
