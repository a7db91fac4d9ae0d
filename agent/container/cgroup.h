// SPDX-License-Identifier: Apache-2.0
//
// One container's cgroup, on the machine's cgroup version 1 or 2.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/container/device_rules.h"
#include "kata/result.h"

namespace grpc {
class LinuxResources;
}

namespace kata::agent {

struct CgroupDirectory {
  std::string name{};  // "memory", "cpu,cpuacct"; empty in version 2
  std::filesystem::path path{};
};

class Cgroup {
 public:
  virtual ~Cgroup() = default;

  // Makes it and its missing parents. kAlreadyExists when processes run in it.
  virtual Result<void> create() = 0;
  virtual Result<void> add(pid_t pid) = 0;
  // Zero and empty fields leave the kernel's value.
  virtual Result<void> apply(const grpc::LinuxResources& resources) = 0;
  // Files of version 2 by name; kUnsupported where there is only version 1.
  virtual Result<void> apply_unified(
      const std::vector<std::pair<std::string, std::string>>& files) = 0;
  virtual Result<void> apply_devices(const std::vector<DeviceRule>& rules) = 0;
  // One attempt, which does not wait: true when all of it is frozen, or all of it thawed. To be
  // repeated until then.
  virtual Result<bool> try_freeze(bool frozen) = 0;
  virtual Result<bool> frozen() const = 0;  // or becoming so
  virtual Result<void> signal_all(int signal) = 0;
  virtual std::vector<CgroupDirectory> directories() const = 0;
};

// `path` is below `mount_point`; ".." in it is kInvalidArgument. Makes nothing.
Result<std::unique_ptr<Cgroup>> open_cgroup(
    const std::filesystem::path& path, const std::filesystem::path& mount_point = "/sys/fs/cgroup");
std::unique_ptr<Cgroup> make_cgroup_v1(std::vector<CgroupDirectory> roots,
                                       const std::filesystem::path& path);
std::unique_ptr<Cgroup> make_cgroup_v2(const std::filesystem::path& root,
                                       const std::filesystem::path& path);

// Every process in it and below; none when it does not exist.
Result<std::vector<pid_t>> processes_of(const Cgroup& cgroup);

// Blocks until it is, for a second at most.
Result<void> freeze_cgroup(Cgroup& cgroup, bool frozen);

// The signal to every process of it; repeated until no new one appears, so that one that forks is
// caught too. Best called while it is frozen.
Result<void> signal_processes(const Cgroup& cgroup, int signal);

// Removes it with what the container made below; retries, at most until the deadline, while dying
// processes hold it. No error when it does not exist.
Result<void> remove_cgroup(const Cgroup& cgroup, Deadline deadline);

// Refuses what is no number, list or name the kernel would take as such, naming the field.
Result<void> check_resources(const grpc::LinuxResources& resources);

// Lines of rdma.max: "mlx5_0 hca_handle=2 hca_object=2000", the same file in both versions.
Result<void> apply_rdma(const Cgroup& cgroup, const std::vector<std::string>& limits);

std::uint64_t cpu_weight_of_shares(std::uint64_t shares);       // 2…262144 to 1…10000
std::uint64_t io_weight_of_blkio_weight(std::uint64_t weight);  // 10…1000 to 1…10000

}  // namespace kata::agent
