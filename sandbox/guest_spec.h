// SPDX-License-Identifier: Apache-2.0
//
// An OCI spec of the host, rewritten for the guest: which host files must be shared, which mounts
// the guest makes itself, and what is meaningless or refused there. Pure but for the look-up of
// host files, which is an argument.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kata/plugin/shared_filesystem.h"
#include "kata/result.h"
#include "oci.pb.h"

namespace kata::sandbox {

// The sandbox's /dev/shm, which CreateSandbox makes in the guest.
inline constexpr std::string_view kGuestShm = "/run/kata-containers/sandbox/shm";
// Below it are the pod's volumes that are in memory, by name.
inline constexpr std::string_view kGuestMemoryVolumes = "/run/kata-containers/sandbox/ephemeral";

struct HostFile {
  enum class Kind { kDirectory, kRegular, kBlockDevice, kCharacterDevice, kOther };
  std::filesystem::path resolved{};  // absolute, without symbolic links
  Kind kind = Kind::kDirectory;
  std::uint32_t major = 0, minor = 0;  // of a device
  bool in_memory = false;              // a directory on a tmpfs
  std::uint32_t group = 0;
};
using LookUp = std::function<Result<HostFile>(const std::filesystem::path&)>;
Result<HostFile> look_up_host_file(const std::filesystem::path& path);

struct ContainerHome {
  std::string container_id{};
  std::filesystem::path bundle{}, rootfs{};  // absolute; rootfs resolved
  bool drop_seccomp = false;                 // [runtime] disable_guest_seccomp
};

struct PlannedShare {
  ShareRequest request{};
  int mount = -1;  // index in the plan's mounts; -1: the rootfs
};

// A tmpfs that the guest makes once for all containers of the pod, at kGuestMemoryVolumes/<name>.
struct MemoryVolume {
  std::string name{};
  std::uint32_t group = 0;  // that it belongs to; 0: no group of its own
};

struct ContainerPlan {
  grpc::Spec spec{};  // complete once every share has been placed
  std::vector<PlannedShare> shares{};
  std::vector<MemoryVolume> memory_volumes{};
  bool shares_processes = false;  // has the process ids of the pod's first container
  std::vector<std::string> warnings{};
};

// kUnsupported names the key that the guest cannot honour yet.
Result<ContainerPlan> spec_for_guest(grpc::Spec spec, const ContainerHome& home,
                                     const LookUp& look_up);

// Numbers of host CPUs, memory nodes, block devices and interfaces mean nothing in the guest.
void resources_for_guest(grpc::LinuxResources& resources);

void place(ContainerPlan& plan, const PlannedShare& share, const std::filesystem::path& guest_path);

// The container id as the beginning of share ids: one path component of [A-Za-z0-9_.-]. An id that
// is too long or has other characters is cut and made unique by a hash.
std::string share_prefix(std::string_view container_id);

}  // namespace kata::sandbox
