// SPDX-License-Identifier: Apache-2.0
//
// Storages that a host asks the agent to mount: drivers virtio-fs, 9p, bind, local, ephemeral, with
// reference counts by mount point. Threads: the agent's only one.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "kata/result.h"

namespace grpc {
class Storage;
}

namespace kata::agent {

class StorageTable {
 public:
  // `load_module` makes a filesystem driver available ("virtiofs"); an error of it is reported when
  // the mount then fails.
  explicit StorageTable(std::function<Result<void>(std::string_view module)> load_module)
      : load_module_(std::move(load_module)) {}

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
    bool mounted = false;
  };
  std::function<Result<void>(std::string_view)> load_module_;
  std::map<std::string, Entry> entries_{};
};

}  // namespace kata::agent
