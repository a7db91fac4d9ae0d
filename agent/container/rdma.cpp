// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>

#include "agent/container/cgroup.h"
#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

// "", "rdma" and "net_cls,rdma" have it.
bool has_rdma(const CgroupDirectory& directory) {
  return directory.name.empty() ||
         concat(',', directory.name, ',').find(",rdma,") != std::string::npos;
}

Error explained(Error error, const std::string& limit) {
  if (error.sys_errno == ENOENT)
    return make_error(ErrorCode::kUnsupported, "this machine has no 'rdma' cgroup controller");
  if (error.sys_errno != ENODEV) return error;
  return make_error(ErrorCode::kNotFound, concat("this machine has no RDMA device '",
                                                 limit.substr(0, limit.find(' ')), "'"));
}

}  // namespace

Result<void> apply_rdma(const Cgroup& cgroup, const std::vector<std::string>& limits) {
  if (limits.empty()) return {};
  const auto directories = cgroup.directories();
  const auto directory = std::find_if(directories.begin(), directories.end(), has_rdma);
  if (directory == directories.end())
    return make_error(ErrorCode::kUnsupported, "this machine has no 'rdma' cgroup controller");
  for (const std::string& limit : limits)
    if (auto written = write_existing(directory->path / "rdma.max", limit); !written.ok())
      return explained(std::move(written).error(), limit);
  return {};
}

}  // namespace kata::agent
