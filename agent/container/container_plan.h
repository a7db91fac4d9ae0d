// SPDX-License-Identifier: Apache-2.0
//
// A container's specification, checked and as the kernel takes it. After plan_container only the
// kernel can say no.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "agent/container/device_rules.h"
#include "agent/container/hooks.h"
#include "agent/container/launch.h"
#include "agent/container/mount_options.h"
#include "agent/container/process_plan.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

struct JoinedNamespace {
  std::uint64_t flag = 0;
  std::filesystem::path path{};
};

struct MountPlan {
  std::filesystem::path destination{};  // normal form, absolute
  std::string source{}, type{};
  MountOptions options{};
  UniqueFd tree{};  // with options.id_map: its source, mapped; the agent opens it

  bool is_cgroup() const { return type == "cgroup" || type == "cgroup2"; }
};

struct NodePlan {  // a device node or fifo
  std::filesystem::path path{};
  mode_t mode = 0;  // with its type
  dev_t device = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct Sysctl {
  std::string file{};  // "net/ipv4/ip_forward", below /proc/sys
  std::string value{};
};

struct ContainerPlan {
  ProcessPlan process{};
  std::filesystem::path root{};  // in the agent's view
  bool read_only_root = false;
  unsigned long root_propagation = 0;    // MS_*, 0: none asked for
  std::string hostname{}, domainname{};  // empty: leave it
  std::uint64_t new_namespaces = 0;      // CLONE_NEW*
  std::vector<JoinedNamespace> joined{};
  std::string uid_map{}, gid_map{};  // lines for /proc/<pid>/uid_map; not empty in a user namespace
  std::vector<MountPlan> mounts{};
  std::vector<NodePlan> nodes{};
  std::vector<std::filesystem::path> masked{}, read_only{};
  std::vector<Sysctl> sysctls{};
  std::vector<DeviceRule> device_rules{};
  std::string time_offsets{};  // lines for /proc/self/timens_offsets
  std::vector<std::pair<std::string, std::string>> unified{};  // cgroup file and value
  std::vector<std::string> rdma{};                             // lines of rdma.max
  ContainerHooks hooks{};
  UniqueFd message_queues{};  // an mqueue filesystem that a user namespace could not make itself

  bool has_new(std::uint64_t flag) const { return (new_namespaces & flag) != 0; }
};

Result<ContainerPlan> plan_container(const grpc::Spec& spec, const ContainerPaths& paths,
                                     const SandboxNamespaces& namespaces);

}  // namespace kata::agent
