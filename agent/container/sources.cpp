// SPDX-License-Identifier: Apache-2.0
#include "agent/container/sources.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "agent/container/device_nodes.h"
#include "agent/container/mount_tree.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

// Of a shared mount it is a peer at first.
Result<UniqueFd> receiving(Result<UniqueFd> cloned) {
  UniqueFd tree = KATA_TRY(std::move(cloned), "");
  KATA_TRY(set_propagation(tree.get(), MS_SLAVE | MS_REC), "");
  return tree;
}

Result<UniqueFd> open_root(const std::filesystem::path& path) {
  const UniqueFd source(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!source) return errno_error(concat("open '", path, "'"), errno);
  return KATA_TRY(receiving(clone_tree(source.get(), true)), concat("'", path, "'"));
}

Result<UniqueFd> open_bind(const MountPlan& mount) {
  const UniqueFd source(::open(mount.source.c_str(), O_PATH | O_CLOEXEC));
  if (!source) return errno_error(concat("open source '", mount.source, "'"), errno);
  return KATA_TRY(receiving(clone_tree(source.get(), mount.options.rbind)),
                  concat("source '", mount.source, "'"));
}

// A user namespace without its own network may not mount sysfs: it gets the agent's.
Result<UniqueFd> make_filesystem(const MountPlan& mount, ContainerPlan& plan) {
  if (mount.type == "mqueue" && plan.message_queues) return std::move(plan.message_queues);
  const std::string& source = mount.source.empty() ? mount.type : mount.source;
  auto made = new_filesystem(mount.type, source, mount.options.data);
  const bool refused =
      !made.ok() && made.error().sys_errno == EPERM && plan.has_new(CLONE_NEWUSER);
  if (refused && mount.type == "sysfs") return clone_tree("/sys", true);
  return made;
}

Result<std::vector<UniqueFd>> open_cgroups(const Cgroup& cgroup) {
  std::vector<UniqueFd> trees;
  for (const CgroupDirectory& one : cgroup.directories())
    trees.push_back(KATA_TRY(receiving(clone_tree(one.path, false)), ""));
  return trees;
}

Result<MountSource> open_source(MountPlan& mount, ContainerPlan& plan, const Cgroup& cgroup) {
  MountSource source;
  if (mount.options.remount) return source;
  if (mount.options.bind)
    source.tree =
        KATA_TRY(mount.tree ? receiving(std::move(mount.tree)) : open_bind(mount), "");
  else if (mount.is_cgroup())
    source.cgroups = KATA_TRY(open_cgroups(cgroup), "");
  else
    source.tree = KATA_TRY(make_filesystem(mount, plan), "");
  return source;
}

}  // namespace

Result<RootfsSources> open_sources(ContainerPlan& plan, const Cgroup& cgroup) {
  RootfsSources sources;
  sources.root = KATA_TRY(open_root(plan.root), "mount the rootfs");
  if (plan.process.terminal)
    sources.terminal = KATA_TRY(clone_own_terminal(), "'/dev/console'");
  for (MountPlan& mount : plan.mounts)
    sources.mounts.push_back(
        KATA_TRY(open_source(mount, plan, cgroup), concat("mount '", mount.destination, "'")));
  return sources;
}

}  // namespace kata::agent
