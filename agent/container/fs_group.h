// SPDX-License-Identifier: Apache-2.0
//
// Storage.fs_group: a volume that a group of users may write to.
#pragma once

#include "kata/result.h"

namespace grpc {
class Storage;
}

namespace kata::agent {

// Gives everything in the tree to the group, readable (and writable, unless the storage is "ro") by
// it; new files inherit the group. Links are not followed. With policy OnRootMismatch a root that
// has it all already is taken for the whole tree.
Result<void> apply_fs_group(const grpc::Storage& storage, int tree);

}  // namespace kata::agent
