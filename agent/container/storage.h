// SPDX-License-Identifier: Apache-2.0
//
// Storages that a host asks the agent to mount, with reference counts by mount point. The source of
// a disk ("blk", "scsi" …) is its node here: waiting for it is done before. Threads: the agent's
// only one.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace grpc {
class Storage;
}

namespace kata::agent {

// The drivers there are, sorted.
const std::vector<std::string_view>& storage_drivers();

// What the table needs of the rest of the agent.
struct StorageSupport {
  // Makes a filesystem driver available ("virtiofs"); an error of it is reported when the mount
  // then fails.
  std::function<Result<void>(std::string_view module)> load_module{};
  // Keeps mount_point a copy of source, for "watchable-bind"; false: it is too large for that.
  std::function<Result<bool>(const std::string& source, const std::string& mount_point)> watch{};
  std::function<void(const std::string& mount_point)> unwatch{};
  // Upper layers of overlays; below it is nothing else.
  std::filesystem::path scratch = "/run/kata-containers/scratch";
};

class StorageTable {
 public:
  explicit StorageTable(StorageSupport support) : support_(std::move(support)) {}

  bool has(const std::string& mount_point) const;

  // Mounts it, or adds a reference when its mount_point is in use already. Unknown driver:
  // kInvalidArgument, naming it.
  Result<void> add(const grpc::Storage& storage);

  // Gives a memory filesystem that is mounted new options ("remount", "size=64M"); without the
  // word "remount" one that is there is left as it is, and one that is not is mounted. No options:
  // nothing to do. Another driver than "ephemeral" is kInvalidArgument.
  Result<void> update(const grpc::Storage& storage);

  // Drops one reference; unmounts and removes the empty directory at zero. Unknown: no error.
  Result<void> remove(const std::string& mount_point);

  Result<void> remove_all();

 private:
  struct Entry {
    int references = 0;
    bool mounted = false, watched = false;
    bool found = false;               // mounted by others: it stays
    std::filesystem::path scratch{};  // goes with it
  };
  Result<Entry> set_up(const grpc::Storage& storage);
  Result<Entry> set_up_overlay(const grpc::Storage& storage);
  Result<Entry> set_up_watchable(const grpc::Storage& storage);
  Result<void> mount_with_module(const grpc::Storage& storage, std::vector<std::string> options);

  StorageSupport support_;
  std::map<std::string, Entry> entries_{};
  int scratches_ = 0;  // made so far
};

}  // namespace kata::agent
