// SPDX-License-Identifier: Apache-2.0
//
// A container's directory, <run>/<id>, with its root filesystem bound to <run>/<id>/rootfs. Both go
// with the object.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::agent {

// runc's rule, [A-Za-z0-9_+.-]+ and not "." or "..", up to the length of a file's name. Kata's
// agent wants two characters at least and a letter or digit first.
bool is_container_id(std::string_view id) noexcept;

class Bundle {
 public:
  // kAlreadyExists when the directory does. `root` is a directory of the guest, absolute and not a
  // link.
  static Result<Bundle> make(const std::filesystem::path& run_dir, const std::string& id,
                             const std::filesystem::path& root);
  Bundle() = default;  // none: a container without a directory
  Bundle(Bundle&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Bundle& operator=(Bundle&&) = delete;
  ~Bundle();

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path rootfs() const { return path_ / "rootfs"; }

 private:
  explicit Bundle(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_{};
};

}  // namespace kata::agent
