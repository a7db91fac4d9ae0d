// SPDX-License-Identifier: Apache-2.0
#include "sandbox/guest_spec.h"

#include <algorithm>
#include <array>

#include "kata/concat.h"

namespace kata::sandbox {

namespace {

constexpr std::size_t kMaxShareId = 96;  // a file name has at most 255 bytes; a suffix follows

// null, zero, full, random, urandom, tty, ptmx: the nodes that every guest has, by number.
constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 7> kGuestDevices{
    {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}}};

bool guest_has_device(std::int64_t major, std::int64_t minor) {
  return std::any_of(kGuestDevices.begin(), kGuestDevices.end(), [&](const auto& device) {
    return device.first == major && device.second == minor;
  });
}

bool is_below(const std::filesystem::path& path, std::string_view directory) {
  const std::string& text = path.native();
  return text.starts_with(directory) &&
         (text.size() == directory.size() || text[directory.size()] == '/');
}

std::filesystem::path normalised(const std::string& text) {
  std::filesystem::path path = std::filesystem::path(text).lexically_normal();
  return path.has_filename() || path == "/" ? path : path.parent_path();
}

bool is_bind(const grpc::Mount& mount) {
  return mount.type() == "bind" ||
         std::any_of(mount.options().begin(), mount.options().end(),
                     [](const auto& option) { return option == "bind" || option == "rbind"; });
}

bool is_read_only(const grpc::Mount& mount) {
  bool read_only = false;
  for (const std::string& option : mount.options()) {
    if (option == "ro" || option == "rro") read_only = true;
    if (option == "rw" || option == "rrw") read_only = false;
  }
  return read_only;
}

// A kubelet's emptyDir with "medium: Memory" is a tmpfs at …/kubernetes.io~empty-dir/<name>. Its
// memory is to count as the pod's, which only a tmpfs of the guest's does.
bool is_memory_volume(const HostFile& file) {
  const std::string name = file.resolved.filename();
  return file.kind == HostFile::Kind::kDirectory && file.in_memory && share_prefix(name) == name &&
         file.resolved.parent_path().filename() == "kubernetes.io~empty-dir";
}

class MountPlanner {
 public:
  MountPlanner(ContainerPlan& plan, const ContainerHome& home, const LookUp& look_up)
      : plan_(plan), home_(home), look_up_(look_up) {}

  Result<void> add(grpc::Mount mount) {
    const auto destination = normalised(mount.destination());
    if (destination == "/dev/shm") return keep(shared_memory(std::move(mount)));
    if (!is_bind(mount)) return keep(std::move(mount));
    if (destination == "/dev") return refuse_devices(destination, mount.source());
    const auto source = normalised((home_.bundle / mount.source()).native());
    if (is_below(source, "/proc") || is_below(source, "/sys")) {
      mount.set_source(source.native());  // the guest's own, not the host's
      return keep(std::move(mount));
    }
    const HostFile file = KATA_TRY(look_up_(source), concat("mount on '", destination, "'"));
    return add_bind(std::move(mount), destination, file);
  }

 private:
  Result<void> add_bind(grpc::Mount mount, const std::filesystem::path& destination,
                        const HostFile& file) {
    using Kind = HostFile::Kind;
    if (file.kind == Kind::kCharacterDevice && guest_has_device(file.major, file.minor))
      return keep(std::move(mount));  // the guest's node of the same name
    if (is_below(destination, "/dev") && file.kind != Kind::kRegular)
      return skip(destination, file, "the guest has its own /dev");
    if (file.kind == Kind::kBlockDevice || file.kind == Kind::kCharacterDevice)
      return make_error(ErrorCode::kUnsupported,
                        concat("mount on '", destination, "': source '", file.resolved,
                               "' is a device, which cannot be shared with the guest yet: remove "
                               "the mount"));
    if (file.kind == Kind::kDirectory && is_below(file.resolved, "/dev") &&
        !is_below(file.resolved, "/dev/shm"))
      return refuse_devices(destination, file.resolved);
    if (is_memory_volume(file)) return keep(memory_volume(std::move(mount), file));
    if (file.kind == Kind::kOther)
      plan_.warnings.push_back(concat("mount on '", destination, "': '", file.resolved,
                                      "' is a socket or FIFO: the guest sees it but cannot reach "
                                      "the host through it"));
    const int index = plan_.spec.mounts_size();
    plan_.shares.push_back({ShareRequest{concat(share_prefix(home_.container_id), "-mount", index),
                                         file.resolved, is_read_only(mount)},
                            index});
    return keep(std::move(mount));
  }

  // Their numbers are those of other devices in the guest.
  static Result<void> refuse_devices(const std::filesystem::path& destination,
                                     const std::filesystem::path& source) {
    return make_error(ErrorCode::kUnsupported,
                      concat("mount on '", destination, "': '", source.native(),
                             "' has device nodes of the host, and the guest has its own /dev: "
                             "remove the mount"));
  }

  Result<void> keep(grpc::Mount mount) {
    *plan_.spec.add_mounts() = std::move(mount);
    return {};
  }

  Result<void> skip(const std::filesystem::path& destination, const HostFile& file,
                    std::string_view why) {
    plan_.warnings.push_back(
        concat("mount of '", file.resolved, "' on '", destination, "' is skipped: ", why));
    return {};
  }

  grpc::Mount memory_volume(grpc::Mount mount, const HostFile& file) {
    const std::string name = file.resolved.filename();
    mount.set_source(concat(kGuestMemoryVolumes, '/', name));
    plan_.memory_volumes.push_back({name, file.group});
    return mount;
  }

  static grpc::Mount shared_memory(grpc::Mount mount) {
    const bool read_only = is_read_only(mount);
    mount.set_type("bind");
    mount.set_source(std::string(kGuestShm));
    mount.clear_options();
    mount.add_options("rbind");
    if (read_only) mount.add_options("ro");
    return mount;
  }

  ContainerPlan& plan_;
  const ContainerHome& home_;
  const LookUp& look_up_;
};

// The other kinds run on the host, where kata-runtime runs them.
void keep_guest_hooks(grpc::Spec& spec) {
  grpc::Hooks inside;
  inside.mutable_startcontainer()->Swap(spec.mutable_hooks()->mutable_startcontainer());
  spec.clear_hooks();
  if (!inside.startcontainer().empty()) *spec.mutable_hooks() = std::move(inside);
}

bool exists_in_guest(const grpc::LinuxDevice& device) {
  const bool character = device.type() == "c" || device.type() == "u";
  return device.type() == "p" || (character && guest_has_device(device.major(), device.minor()));
}

// A rule that allows every device and is not taken back later.
bool is_privileged(const grpc::LinuxResources& resources) {
  bool all = false;
  for (const grpc::LinuxDeviceCgroup& rule : resources.devices())
    if ((rule.type().empty() || rule.type() == "a") && rule.major() < 0 && rule.minor() < 0)
      all = rule.allow();
  return all;
}

// Engines list every device of the host then; nobody asked for one of them by name, and the VM is
// what the container may do everything with.
void drop_host_devices(grpc::Linux& settings, std::vector<std::string>& warnings) {
  if (!is_privileged(settings.resources())) return;
  auto& devices = *settings.mutable_devices();
  const int before = devices.size();
  devices.erase(std::remove_if(devices.begin(), devices.end(),
                               [](const auto& device) { return !exists_in_guest(device); }),
                devices.end());
  if (devices.size() == before) return;
  warnings.push_back(concat("linux.devices: the container is privileged: ", before - devices.size(),
                            " devices of the host are left out, the guest has its own"));
}

Result<void> check_devices(const grpc::Linux& settings) {
  for (const grpc::LinuxDevice& device : settings.devices()) {
    if (exists_in_guest(device)) continue;
    return make_error(
        ErrorCode::kUnsupported,
        concat("config.json: linux.devices: '", device.path(), "' (", device.type(), ' ',
               device.major(), ':', device.minor(),
               "): host devices cannot be given to the guest yet: remove it; null, zero, full, "
               "random, urandom, tty and ptmx are the guest's own"));
  }
  return {};
}

// The VM is the boundary: what joins a namespace of the host gets one of the guest instead, and the
// guest has one network.
void rewrite_namespaces(grpc::Linux& settings) {
  auto& list = *settings.mutable_namespaces();
  list.erase(std::remove_if(list.begin(), list.end(),
                            [](const grpc::LinuxNamespace& space) {
                              return space.type() == "network" || space.type() == "time";
                            }),
             list.end());
  for (grpc::LinuxNamespace& space : list) space.clear_path();
}

// An engine names the process ids that a container is to have by a process of the pod.
bool joins_processes(const grpc::Linux& settings) {
  return std::any_of(
      settings.namespaces().begin(), settings.namespaces().end(),
      [](const auto& space) { return space.type() == "pid" && !space.path().empty(); });
}

void rewrite_linux(grpc::Linux& settings, bool drop_seccomp) {
  rewrite_namespaces(settings);
  if (settings.has_resources()) resources_for_guest(*settings.mutable_resources());
  settings.clear_mountlabel();
  settings.clear_intelrdt();
  if (drop_seccomp) settings.clear_seccomp();
}

}  // namespace

void resources_for_guest(grpc::LinuxResources& resources) {
  resources.clear_blockio();
  resources.clear_network();
  resources.clear_hugepagelimits();
  if (!resources.has_cpu()) return;
  resources.mutable_cpu()->clear_cpus();
  resources.mutable_cpu()->clear_mems();
}

Result<ContainerPlan> spec_for_guest(grpc::Spec spec, const ContainerHome& home,
                                     const LookUp& look_up) {
  ContainerPlan plan;
  drop_host_devices(*spec.mutable_linux(), plan.warnings);
  KATA_TRY(check_devices(spec.linux()), "");
  plan.shares.push_back({ShareRequest{share_prefix(home.container_id) + "-rootfs", home.rootfs,
                                      spec.root().readonly()},
                         -1});
  google::protobuf::RepeatedPtrField<grpc::Mount> mounts;
  mounts.Swap(spec.mutable_mounts());
  plan.spec = std::move(spec);
  keep_guest_hooks(plan.spec);
  plan.shares_processes = joins_processes(plan.spec.linux());
  if (plan.spec.has_linux()) rewrite_linux(*plan.spec.mutable_linux(), home.drop_seccomp);
  plan.spec.mutable_process()->clear_selinuxlabel();
  plan.spec.mutable_process()->clear_apparmorprofile();
  MountPlanner planner(plan, home, look_up);
  for (grpc::Mount& mount : mounts) KATA_TRY(planner.add(std::move(mount)), "");
  return plan;
}

void place(ContainerPlan& plan, const PlannedShare& share,
           const std::filesystem::path& guest_path) {
  if (share.mount < 0)
    plan.spec.mutable_root()->set_path(guest_path.native());
  else
    plan.spec.mutable_mounts(share.mount)->set_source(guest_path.native());
}

std::string share_prefix(std::string_view container_id) {
  std::string prefix(container_id.substr(0, kMaxShareId));
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  if (prefix.size() == container_id.size() && std::all_of(prefix.begin(), prefix.end(), fits))
    return prefix;
  std::replace_if(
      prefix.begin(), prefix.end(), [&](char c) { return !fits(c); }, '_');
  return concat(prefix, '-', std::hash<std::string_view>{}(container_id));
}

}  // namespace kata::sandbox
