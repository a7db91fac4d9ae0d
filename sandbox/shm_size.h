// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "oci.pb.h"

namespace kata::sandbox {

// Of the sandbox's /dev/shm, in bytes: what the mount there says by its option "size", or what the
// tmpfs of the host has that an engine binds there; else 64 MiB, as everywhere.
inline constexpr std::uint64_t kUsualShmBytes = 64U << 20;
std::uint64_t shm_bytes_of(const grpc::Spec& spec);

}  // namespace kata::sandbox
