// SPDX-License-Identifier: Apache-2.0
//
// The storage drivers that make something new in the guest: a memory filesystem or a directory.
#pragma once

#include <string>
#include <vector>

#include "kata/result.h"

namespace grpc {
class Storage;
}

namespace kata::agent {

struct StorageOptions {
  std::vector<std::string> mount{};  // without the two below
  long group = -1;                   // "fsgid=N"
  long mode = -1;                    // "mode=0777"; taken out for local storages only
};

Result<StorageOptions> parse_storage_options(const grpc::Storage& storage, bool take_mode);

// tmpfs, or huge pages ("pagesize=<bytes>,size=<bytes>"), mounted on the open directory.
Result<void> mount_ephemeral(const grpc::Storage& storage, int target);

// New options for the memory filesystem whose root is open at `mount`.
Result<void> remount_ephemeral(const grpc::Storage& storage, int mount);

// The directory's group and mode.
Result<void> set_up_local(const grpc::Storage& storage, int directory);

}  // namespace kata::agent
