// SPDX-License-Identifier: Apache-2.0
//
// Mount points in a rootfs that the guest will see read-only and so cannot complete.
#pragma once

#include <filesystem>

#include "kata/result.h"
#include "oci.pb.h"

namespace kata::sandbox {

// Makes what is missing of the mounts' destinations: a file for a bind of one, a directory
// otherwise; none for a destination inside an earlier mount. The rootfs may hold hostile links:
// they are followed as in a chroot.
Result<void> make_mount_points(const std::filesystem::path& rootfs, const grpc::Spec& spec);

}  // namespace kata::sandbox
