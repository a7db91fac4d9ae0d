// SPDX-License-Identifier: Apache-2.0
//
// What a guest sees of the host: a private directory in which each share is a bind mount, and a
// read-only slave of it, which is what the guest gets.
//
//   <state_dir>/mounts/<share id>   binds are placed here; no guest can write to this directory
//   <state_dir>/shared/             the export: follows mounts/, and cannot be written at the top
//
// Everything below state_dir is reached by descriptor without following links, and unmounted by
// descriptor: a guest that plants a link moves nothing. Nothing is removed recursively: only empty
// directories and empty files, which is all that is left once the binds are gone.
#pragma once

#include <filesystem>
#include <string_view>

#include "kata/plugin/shared_filesystem.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::share {

inline constexpr const char* kTag = "kataShared";  // of the device, and the guest's mount source
inline constexpr const char* kGuestMountPoint = "/run/kata-containers/shared/containers/";
inline constexpr std::string_view kExportDirectory = "shared";

class ShareTree {
 public:
  // Whether this process and this kernel can make one.
  static Result<void> check_host();

  // Makes the tree in `state_dir`, which exists and holds none yet.
  static Result<ShareTree> create(const std::filesystem::path& state_dir);

  // The tree that create() made earlier, perhaps in another process.
  static Result<ShareTree> open(const std::filesystem::path& state_dir);

  // Unmounts and removes whatever of a tree is in `state_dir`; idempotent.
  static Result<void> clear(const std::filesystem::path& state_dir);

  // Binds request.host_path, and what is mounted below it now, to mounts/<id>. No device node and
  // no set-user-id bit of it counts on the host.
  Result<void> add(const ShareRequest& request);

  Result<void> remove(std::string_view id);  // idempotent

 private:
  explicit ShareTree(UniqueFd mounts) : mounts_(std::move(mounts)) {}

  UniqueFd mounts_{};  // O_PATH of mounts/
};

}  // namespace kata::share
