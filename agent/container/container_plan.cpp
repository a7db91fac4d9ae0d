// SPDX-License-Identifier: Apache-2.0
#include "agent/container/container_plan.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "agent/container/annotated.h"
#include "agent/container/names.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

class Planner {
 public:
  Planner(const grpc::Spec& spec, const ContainerPaths& paths, const SandboxNamespaces& sandbox)
      : spec_(spec), linux_(spec.linux()), paths_(paths), sandbox_(sandbox) {}

  Result<ContainerPlan> plan() {
    plan_.hooks = KATA_TRY(plan_hooks(spec_.hooks()), "");
    plan_.process = KATA_TRY(plan_process(spec_.process()), "");
    KATA_TRY(plan_annotated_process(spec_, plan_.process), "");
    KATA_TRY(plan_annotated_container(spec_, plan_), "");
    KATA_TRY(plan_seccomp(), "");
    KATA_TRY(plan_namespaces(), "linux.namespaces");
    KATA_TRY(plan_id_maps(), "");
    KATA_TRY(plan_root(), "");
    KATA_TRY(plan_hostname(), "");
    KATA_TRY(plan_mounts(), "");
    KATA_TRY(plan_nodes(), "");
    KATA_TRY(plan_hidden_paths(), "");
    KATA_TRY(plan_sysctls(), "linux.sysctl");
    plan_.device_rules = KATA_TRY(plan_device_rules(linux_), "");
    return std::move(plan_);
  }

 private:
  Result<void> plan_seccomp();
  Result<void> plan_namespaces();
  Result<void> take_namespace(std::uint64_t flag, const std::string& path);
  Result<void> plan_id_maps();
  Result<void> plan_root();
  Result<void> plan_hostname();
  Result<void> plan_mounts();
  Result<void> complete_id_map(MountIdMap& map) const;
  Result<void> plan_nodes();
  Result<void> plan_hidden_paths();
  Result<void> plan_sysctls();
  Result<void> check_sysctl(const std::string& file) const;
  bool has_namespace(std::uint64_t flag) const;
  std::filesystem::path shared_namespace(std::uint64_t flag) const;

  const grpc::Spec& spec_;
  const grpc::Linux& linux_;
  const ContainerPaths& paths_;
  const SandboxNamespaces& sandbox_;
  ContainerPlan plan_{};
};

Result<void> Planner::plan_seccomp() {
  const auto& profile = linux_.seccomp();
  if (profile.defaultaction().empty()) return {};
  const auto otherwise = KATA_TRY(default_errno(spec_), "");
  plan_.process.seccomp = KATA_TRY(SeccompFilter::build(profile, otherwise), "");
  return {};
}

std::filesystem::path Planner::shared_namespace(std::uint64_t flag) const {
  if (flag == CLONE_NEWPID) return sandbox_.pid;
  if (flag == CLONE_NEWIPC) return sandbox_.ipc;
  if (flag == CLONE_NEWUTS) return sandbox_.uts;
  return {};
}

bool Planner::has_namespace(std::uint64_t flag) const {
  return plan_.has_new(flag) || std::any_of(plan_.joined.begin(), plan_.joined.end(),
                                            [&](const auto& one) { return one.flag == flag; });
}

// The sandbox's shared namespace wins over the specification's path, which is one of the host's.
Result<void> Planner::take_namespace(std::uint64_t flag, const std::string& path) {
  if (has_namespace(flag)) return invalid(concat("'", namespace_file(flag), "' is there twice"));
  std::filesystem::path joined = shared_namespace(flag);
  if (joined.empty()) joined = path;
  if (joined.empty()) {
    plan_.new_namespaces |= flag;
    return {};
  }
  if (flag == CLONE_NEWUSER || flag == CLONE_NEWNS)
    return make_error(ErrorCode::kUnsupported, concat("joining the ", namespace_file(flag),
                                                      " namespace '", joined, "' by its path"));
  KATA_TRY(check_absolute(joined.native(), "path"), "");
  plan_.joined.push_back({flag, joined});
  return {};
}

Result<void> Planner::plan_namespaces() {
  for (const auto& entry : linux_.namespaces()) {
    const std::uint64_t flag = KATA_TRY(namespace_flag(entry.type()), "");
    KATA_TRY(take_namespace(flag, entry.path()), "");
  }
  if (!plan_.has_new(CLONE_NEWNS)) return invalid("a mount namespace is required");
  // Hosts strip the pid entry; a container never runs in the agent's own pid namespace.
  if (!has_namespace(CLONE_NEWPID)) KATA_TRY(take_namespace(CLONE_NEWPID, ""), "");
  for (const std::uint64_t flag : {CLONE_NEWIPC, CLONE_NEWUTS})
    if (!has_namespace(flag) && !shared_namespace(flag).empty())
      plan_.joined.push_back({flag, shared_namespace(flag)});
  return {};
}

Result<std::string> id_map(const auto& mappings, std::string_view field) {
  std::string lines;
  for (const auto& mapping : mappings) {
    if (mapping.size() == 0) return invalid(concat(field, ": a mapping of size 0"));
    lines += concat(mapping.containerid(), ' ', mapping.hostid(), ' ', mapping.size(), '\n');
  }
  return lines;
}

Result<void> Planner::plan_id_maps() {
  plan_.uid_map = KATA_TRY(id_map(linux_.uidmappings(), "linux.uidMappings"), "");
  plan_.gid_map = KATA_TRY(id_map(linux_.gidmappings(), "linux.gidMappings"), "");
  const bool user = plan_.has_new(CLONE_NEWUSER);
  if (!user && !(plan_.uid_map.empty() && plan_.gid_map.empty()))
    return invalid("linux.uidMappings: id mappings need a user namespace");
  if (user && (plan_.uid_map.empty() || plan_.gid_map.empty()))
    return invalid("linux.uidMappings: a user namespace needs uidMappings and gidMappings");
  return {};
}

Result<void> Planner::plan_root() {
  const std::string& path = spec_.root().path();
  KATA_TRY(check_text(path, "root.path"), "");
  plan_.root = path.empty() ? paths_.bundle / "rootfs" : paths_.bundle / path;
  struct stat found {};
  if (::lstat(plan_.root.c_str(), &found) != 0)
    return errno_error(concat("root.path: '", plan_.root, "'"), errno);
  if (!S_ISDIR(found.st_mode))
    return invalid(concat("root.path: '", plan_.root, "' is not a directory"));
  plan_.read_only_root = spec_.root().readonly();
  plan_.root_propagation =
      KATA_TRY(propagation_flag(linux_.rootfspropagation()), "linux.rootfsPropagation");
  return {};
}

Result<void> Planner::plan_hostname() {
  if (!plan_.domainname.empty()) {
    KATA_TRY(check_text(plan_.domainname, "domainname"), "");
    if (!has_namespace(CLONE_NEWUTS))
      return invalid("domainname: needs a uts namespace in linux.namespaces");
  }
  const std::string& name = spec_.hostname();
  if (name.empty()) return {};
  KATA_TRY(check_text(name, "hostname"), "");
  if (name.size() > 64) return invalid(concat("hostname: '", name, "' is longer than 64 bytes"));
  if (!has_namespace(CLONE_NEWUTS))
    return invalid("hostname: needs a uts namespace in linux.namespaces");
  if (plan_.has_new(CLONE_NEWUTS)) plan_.hostname = name;  // a joined one has the sandbox's
  return {};
}

// Programs trust what they read below /proc: only files that tools like lxcfs replace.
bool may_cover_proc(const std::filesystem::path& destination) {
  constexpr std::string_view kFiles[] = {"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",
                                         "/proc/stat",    "/proc/swaps",     "/proc/uptime",
                                         "/proc/loadavg", "/proc/net/dev",   "/proc/slabinfo"};
  return std::find(std::begin(kFiles), std::end(kFiles), destination.native()) != std::end(kFiles);
}

Result<MountPlan> plan_mount(const grpc::Mount& mount) {
  MountPlan plan;
  KATA_TRY(check_text(mount.destination(), "destination"), "");
  if (mount.destination().empty()) return invalid("destination: is empty");
  plan.destination = (std::filesystem::path("/") / mount.destination()).lexically_normal();
  if (!plan.destination.has_filename()) plan.destination = plan.destination.parent_path();
  if (plan.destination == "/") return invalid("destination: '/' cannot be mounted over");
  plan.options =
      KATA_TRY(parse_mount_options({mount.options().begin(), mount.options().end()}), "options");
  plan.type = mount.type();
  plan.source = mount.source();
  KATA_TRY(check_text(plan.type, "type"), "");
  KATA_TRY(check_text(plan.source, "source"), "");
  if (plan.type == "bind") plan.options.bind = true;
  if (plan.type.empty() && !plan.options.bind && !plan.options.remount)
    return invalid("type: is empty");
  if (plan.options.bind && plan.source.empty()) return invalid("source: is empty");
  if (plan.options.id_map && (!plan.options.bind || plan.options.remount))
    return invalid("options: 'idmap' is for bind mounts only");
  if (plan.destination.native().starts_with("/proc/") && !may_cover_proc(plan.destination))
    return invalid(concat("destination: '", plan.destination, "' is inside /proc"));
  if (plan.destination == "/proc" && plan.type != "proc")
    return invalid(concat("type: '/proc' takes type 'proc', not '", plan.type, "'"));
  if (plan.options.bind && !plan.options.data.empty())
    log::warn("a bind mount has no filesystem options: left out",
              {{"destination", plan.destination}, {"first", plan.options.data.front()}});
  return plan;
}

Result<void> Planner::complete_id_map(MountIdMap& map) const {
  if (!map.uids.empty()) return {};
  if (plan_.uid_map.empty())
    return invalid("options: 'idmap' without ranges needs a user namespace in linux.namespaces");
  map.uids = plan_.uid_map;
  map.gids = plan_.gid_map;
  return {};
}

Result<void> Planner::plan_mounts() {
  for (const auto& mount : spec_.mounts()) {
    const std::string field = concat("mounts[", plan_.mounts.size(), "]");
    plan_.mounts.push_back(KATA_TRY(plan_mount(mount), field));
    MountPlan& planned = plan_.mounts.back();
    if (planned.options.bind) planned.source = paths_.bundle / planned.source;
    if (planned.options.id_map) KATA_TRY(complete_id_map(*planned.options.id_map), field);
  }
  return {};
}

Result<NodePlan> plan_node(const grpc::LinuxDevice& device) {
  NodePlan node;
  KATA_TRY(check_absolute(device.path(), "path"), "");
  node.path = std::filesystem::path(device.path()).lexically_normal();
  if (!node.path.has_filename()) return invalid(concat("path: '", device.path(), "'"));
  const mode_t type = KATA_TRY(device_node_type(device.type()), "type");
  const std::int64_t largest = 0xffffffff;
  if (device.major() < 0 || device.minor() < 0 || device.major() > largest ||
      device.minor() > largest)
    return invalid(concat("device number ", device.major(), ":", device.minor()));
  constexpr mode_t kDefault = 0666;
  node.mode = type | ((device.filemode() & 07777) != 0 ? device.filemode() & 07777 : kDefault);
  if (type != S_IFIFO)
    node.device =
        makedev(static_cast<unsigned>(device.major()), static_cast<unsigned>(device.minor()));
  node.uid = device.uid();
  node.gid = device.gid();
  return node;
}

Result<void> Planner::plan_nodes() {
  for (const auto& device : linux_.devices())
    plan_.nodes.push_back(
        KATA_TRY(plan_node(device), concat("linux.devices[", plan_.nodes.size(), "]")));
  return {};
}

Result<void> Planner::plan_hidden_paths() {
  for (const auto& path : linux_.maskedpaths()) {
    KATA_TRY(check_absolute(path, "linux.maskedPaths"), "");
    plan_.masked.emplace_back(path);
  }
  for (const auto& path : linux_.readonlypaths()) {
    KATA_TRY(check_absolute(path, "linux.readonlyPaths"), "");
    plan_.read_only.emplace_back(path);
  }
  return {};
}

Result<void> Planner::check_sysctl(const std::string& file) const {
  constexpr std::string_view kIpc[] = {"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni",
                                       "kernel/sem", "fs/mqueue/"};
  const auto starts = [&](std::string_view prefix) { return file.starts_with(prefix); };
  if (starts("net/")) return {};
  if (std::any_of(std::begin(kIpc), std::end(kIpc), starts) || starts("kernel/shm")) {
    if (has_namespace(CLONE_NEWIPC)) return {};
    return invalid(concat("'", file, "' needs an ipc namespace in linux.namespaces"));
  }
  if (file == "kernel/domainname") {
    if (has_namespace(CLONE_NEWUTS)) return {};
    return invalid("'kernel/domainname' needs a uts namespace in linux.namespaces");
  }
  return invalid(concat("'", file, "' is not a setting of a container's namespaces"));
}

// "net.ipv4.ip_forward" or "net/ipv4/ip_forward": whichever separator comes first is the separator.
std::string sysctl_file(std::string name) {
  if (name.find('.') > name.find('/')) return name;
  for (char& letter : name) {
    if (letter == '.')
      letter = '/';
    else if (letter == '/')
      letter = '.';
  }
  return name;
}

Result<void> Planner::plan_sysctls() {
  for (const auto& [name, value] : linux_.sysctl()) {
    KATA_TRY(check_text(name, "name"), "");
    const std::string file = sysctl_file(name);
    const std::filesystem::path path(file);
    if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end())
      return invalid(concat("'", name, "' is not the name of a setting"));
    KATA_TRY(check_sysctl(file), "");
    plan_.sysctls.push_back({file, value});
  }
  return {};
}

}  // namespace

Result<ContainerPlan> plan_container(const grpc::Spec& spec, const ContainerPaths& paths,
                                     const SandboxNamespaces& namespaces) {
  return Planner(spec, paths, namespaces).plan();
}

}  // namespace kata::agent
