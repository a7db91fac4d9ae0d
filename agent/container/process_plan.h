// SPDX-License-Identifier: Apache-2.0
//
// process of a specification, checked and as the kernel takes it. Everything that can be refused
// without trying is refused here.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/container/seccomp_filter.h"
#include "agent/container/users.h"
#include "kata/result.h"

namespace grpc {
class LinuxCapabilities;
class POSIXRlimit;
class Process;
}  // namespace grpc

namespace kata::agent {

struct CapabilitySets {  // bit n: capability n
  std::uint64_t bounding = 0, effective = 0, inheritable = 0, permitted = 0, ambient = 0;
  friend bool operator==(const CapabilitySets&, const CapabilitySets&) = default;
};

struct Rlimit {
  std::string name{};
  int resource = 0;
  rlimit value{};
};

struct SchedulerPlan {
  int policy = 0;  // SCHED_*
  int nice = 0;
  unsigned priority = 0;
};

struct ProcessPlan {
  bool terminal = false;
  std::uint16_t rows = 0, columns = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups{};
  UserNames names{};  // when set, what the three above become in the container
  std::vector<std::string> args{}, env{};
  std::string cwd{};
  CapabilitySets capabilities{};
  std::vector<Rlimit> rlimits{};
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj{};
  mode_t umask = 0022;
  std::optional<int> io_priority{};  // as ioprio_set(2) takes it
  std::optional<SchedulerPlan> scheduler{};
  std::optional<unsigned long> personality{};
  SeccompFilter seccomp{};
};

// An ambient capability that is not permitted and inheritable too is left out with a warning: the
// kernel would refuse it, and well-known tools write such specifications.
Result<CapabilitySets> plan_capabilities(const grpc::LinuxCapabilities& capabilities);
Result<Rlimit> plan_rlimit(const grpc::POSIXRlimit& limit);
Result<ProcessPlan> plan_process(const grpc::Process& process);

}  // namespace kata::agent
