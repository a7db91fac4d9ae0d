// SPDX-License-Identifier: Apache-2.0
//
// What config.json can say and Kata's messages have no field for. The host puts it into annotations
// of the Spec, which every agent accepts and ours obeys; names of this kind in a bundle are
// dropped, so that nobody says by an annotation what config.json does not.
#pragma once

#include <string_view>

namespace kata::oci_annotation {

inline constexpr std::string_view kPrefix = "io.katacontainers.oci.";

inline constexpr std::string_view kDomainname = "io.katacontainers.oci.domainname";
inline constexpr std::string_view kUmask = "io.katacontainers.oci.process.user.umask";  // "18"
inline constexpr std::string_view kIoPriority =
    "io.katacontainers.oci.process.ioPriority";  // "IOPRIO_CLASS_BE 4"
inline constexpr std::string_view kScheduler =
    "io.katacontainers.oci.process.scheduler";  // "SCHED_BATCH 5 0": policy, nice, priority
inline constexpr std::string_view kPersonality =
    "io.katacontainers.oci.linux.personality";  // "LINUX32"
inline constexpr std::string_view kTimeOffsets =
    "io.katacontainers.oci.linux.timeOffsets.";  // + clock: "secs nanosecs"
inline constexpr std::string_view kUnified =
    "io.katacontainers.oci.linux.resources.unified.";  // + file: value
inline constexpr std::string_view kRdma =
    "io.katacontainers.oci.linux.resources.rdma.";  // + device: "hca_handle=2 hca_object=2000"
inline constexpr std::string_view kDefaultErrno =
    "io.katacontainers.oci.linux.seccomp.defaultErrnoRet";  // "38"

}  // namespace kata::oci_annotation
