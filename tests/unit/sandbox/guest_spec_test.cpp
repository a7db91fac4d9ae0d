// SPDX-License-Identifier: Apache-2.0
#include "sandbox/guest_spec.h"

#include <doctest/doctest.h>

#include "kata/concat.h"

namespace kata::sandbox {

namespace {

const ContainerHome kHome{"c1", "/bundle", "/bundle/rootfs", false};

Result<HostFile> host(const std::filesystem::path& path) {
  HostFile file;
  file.resolved = "/real" / path.relative_path();
  file.kind = HostFile::Kind::kDirectory;
  if (path == "/missing") return make_error(ErrorCode::kNotFound, "find '/missing'");
  if (path.native().ends_with(".conf")) file.kind = HostFile::Kind::kRegular;
  if (path == "/dev/sda") file.kind = HostFile::Kind::kBlockDevice;
  file.in_memory = path.native().starts_with("/memory/");
  file.group = file.in_memory ? 1001 : 0;
  if (path == "/run/x.sock") file.kind = HostFile::Kind::kOther;
  if (path == "/dev/null" || path == "/dev/kvm") {
    file.kind = HostFile::Kind::kCharacterDevice;
    file.major = path == "/dev/null" ? 1 : 10;
    file.minor = path == "/dev/null" ? 3 : 232;
  }
  return file;
}

grpc::Spec spec_with_mount(const char* destination, const char* source, const char* type,
                           std::initializer_list<const char*> options) {
  grpc::Spec spec;
  grpc::Mount& mount = *spec.add_mounts();
  mount.set_destination(destination);
  mount.set_source(source);
  mount.set_type(type);
  for (const char* option : options) mount.add_options(option);
  return spec;
}

ContainerPlan planned(grpc::Spec spec) {
  return spec_for_guest(std::move(spec), kHome, host).take();
}

}  // namespace

TEST_CASE("the rootfs is shared and its guest path becomes the root") {
  grpc::Spec spec;
  spec.mutable_root()->set_path("rootfs");
  ContainerPlan plan = planned(spec);
  REQUIRE(plan.shares.size() == 1);
  CHECK(plan.shares[0].request.id == "c1-rootfs");
  CHECK(plan.shares[0].request.host_path == "/bundle/rootfs");
  CHECK_FALSE(plan.shares[0].request.read_only);
  place(plan, plan.shares[0], "/run/shared/c1-rootfs");
  CHECK(plan.spec.root().path() == "/run/shared/c1-rootfs");
}

TEST_CASE("a read-only root is shared read-only and stays so in the spec") {
  grpc::Spec spec;
  spec.mutable_root()->set_readonly(true);
  const ContainerPlan plan = planned(spec);
  CHECK(plan.shares[0].request.read_only);
  CHECK(plan.spec.root().readonly());
}

TEST_CASE("a bind mount is shared from its resolved source") {
  ContainerPlan plan = planned(spec_with_mount("/data", "/srv/data", "bind", {"rbind", "ro"}));
  REQUIRE(plan.shares.size() == 2);
  CHECK(plan.shares[1].request.id == "c1-mount0");
  CHECK(plan.shares[1].request.host_path == "/real/srv/data");
  CHECK(plan.shares[1].request.read_only);
  place(plan, plan.shares[1], "/run/shared/c1-mount0");
  CHECK(plan.spec.mounts(0).source() == "/run/shared/c1-mount0");
  CHECK(plan.spec.mounts(0).destination() == "/data");
}

TEST_CASE("the last of ro and rw counts") {
  const auto plan = planned(spec_with_mount("/data", "/srv", "", {"bind", "ro", "rw"}));
  REQUIRE(plan.shares.size() == 2);
  CHECK_FALSE(plan.shares[1].request.read_only);
}

TEST_CASE("a relative source is looked for in the bundle") {
  const auto plan = planned(spec_with_mount("/etc/x.conf", "files/x.conf", "bind", {}));
  REQUIRE(plan.shares.size() == 2);
  CHECK(plan.shares[1].request.host_path == "/real/bundle/files/x.conf");
}

TEST_CASE("mounts that the guest makes itself are left alone") {
  for (const char* type : {"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup"}) {
    CAPTURE(type);
    const auto plan = planned(spec_with_mount("/somewhere", type, type, {"nosuid"}));
    CHECK(plan.shares.size() == 1);
    REQUIRE(plan.spec.mounts_size() == 1);
    CHECK(plan.spec.mounts(0).type() == type);
  }
}

TEST_CASE("/dev/shm becomes the sandbox's shared memory") {
  for (const char* type : {"tmpfs", "bind"}) {
    const auto plan = planned(spec_with_mount("/dev/shm/", "/var/shm", type, {"size=1k"}));
    CHECK(plan.shares.size() == 1);
    REQUIRE(plan.spec.mounts_size() == 1);
    CHECK(plan.spec.mounts(0).source() == kGuestShm);
    CHECK(plan.spec.mounts(0).type() == "bind");
    REQUIRE(plan.spec.mounts(0).options_size() == 1);
    CHECK(plan.spec.mounts(0).options(0) == "rbind");
  }
}

TEST_CASE("a pod's volume in memory is a tmpfs of the guest's and not a share") {
  const ContainerPlan plan = planned(
      spec_with_mount("/cache", "/memory/kubernetes.io~empty-dir/cache", "bind", {"rbind", "ro"}));
  CHECK(plan.shares.size() == 1);
  REQUIRE(plan.memory_volumes.size() == 1);
  CHECK(plan.memory_volumes[0].name == "cache");
  CHECK(plan.memory_volumes[0].group == 1001);
  CHECK(plan.spec.mounts(0).source() == "/run/kata-containers/sandbox/ephemeral/cache");
  CHECK(plan.spec.mounts(0).options_size() == 2);
}

TEST_CASE("other directories of the host stay shares") {
  for (const char* source : {"/disk/kubernetes.io~empty-dir/cache",     // not in memory
                             "/memory/kubernetes.io~configmap/cache",   // another kind
                             "/memory/kubernetes.io~empty-dir/a b",     // no plain name
                             "/memory/kubernetes.io~empty-dir/a.conf",  // a file
                             "/memory/kubernetes.io~empty-dir/a/b"}) {
    const ContainerPlan plan = planned(spec_with_mount("/cache", source, "bind", {"rbind"}));
    CHECK_MESSAGE(plan.memory_volumes.empty(), source);
    CHECK_MESSAGE(plan.shares.size() == 2, source);
  }
}

TEST_CASE("a container that joins a process id namespace has the pod's") {
  grpc::Spec spec;
  grpc::LinuxNamespace& processes = *spec.mutable_linux()->add_namespaces();
  processes.set_type("pid");
  CHECK_FALSE(planned(spec).shares_processes);
  processes.set_path("/proc/5/ns/pid");
  const ContainerPlan plan = planned(spec);
  CHECK(plan.shares_processes);
  CHECK(plan.spec.linux().namespaces(0).path().empty());
}

TEST_CASE("a source below /proc or /sys is the guest's own") {
  for (const char* source : {"/proc/sys", "/sys/fs/cgroup", "/srv/../sys"}) {
    CAPTURE(source);
    const auto plan = planned(spec_with_mount("/x", source, "bind", {"rbind"}));
    CHECK(plan.shares.size() == 1);
    CHECK(plan.spec.mounts_size() == 1);
  }
  CHECK(planned(spec_with_mount("/x", "/system", "bind", {})).shares.size() == 2);
}

TEST_CASE("what is bound into /dev is skipped with a warning unless it is a regular file") {
  const auto skipped = planned(spec_with_mount("/dev/hugepages", "/srv", "bind", {}));
  CHECK(skipped.shares.size() == 1);
  CHECK(skipped.spec.mounts_size() == 0);
  CHECK(skipped.warnings.size() == 1);
  const auto shared = planned(spec_with_mount("/dev/x.conf", "/srv/x.conf", "bind", {}));
  CHECK(shared.shares.size() == 2);
  CHECK(shared.warnings.empty());
}

TEST_CASE("a skipped mount does not shift the shares of later ones") {
  grpc::Spec spec = spec_with_mount("/dev/hugepages", "/srv", "bind", {});
  *spec.add_mounts() = spec_with_mount("/data", "/srv", "bind", {}).mounts(0);
  ContainerPlan plan = planned(spec);
  REQUIRE(plan.shares.size() == 2);
  place(plan, plan.shares[1], "/guest");
  REQUIRE(plan.spec.mounts_size() == 1);
  CHECK(plan.spec.mounts(0).destination() == "/data");
  CHECK(plan.spec.mounts(0).source() == "/guest");
}

TEST_CASE("device nodes as mount sources are the guest's own or refused") {
  CHECK(planned(spec_with_mount("/etc/x", "/dev/null", "bind", {})).shares.size() == 1);
  for (const char* source : {"/dev/sda", "/dev/kvm"}) {
    const auto refused = spec_for_guest(spec_with_mount("/x", source, "bind", {}), kHome, host);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kUnsupported);
    CHECK(refused.error().message.find(source) != std::string::npos);
  }
}

TEST_CASE("a socket is shared with a warning that it leads nowhere") {
  const auto plan = planned(spec_with_mount("/run/x.sock", "/run/x.sock", "bind", {}));
  CHECK(plan.shares.size() == 2);
  CHECK(plan.warnings.size() == 1);
}

TEST_CASE("a missing source is an error that names the mount") {
  const auto plan = spec_for_guest(spec_with_mount("/data", "/missing", "bind", {}), kHome, host);
  REQUIRE_FALSE(plan.ok());
  CHECK(plan.error().code == ErrorCode::kNotFound);
  CHECK(plan.error().message == "mount on '/data': find '/missing'");
}

TEST_CASE("hooks of the host do not reach the guest and those for inside it do") {
  grpc::Spec spec;
  spec.mutable_hooks()->add_prestart()->set_path("/bin/hook");
  spec.mutable_hooks()->add_poststop()->set_path("/bin/hook");
  const auto plan = spec_for_guest(spec, kHome, host);
  REQUIRE(plan.ok());
  CHECK_FALSE(plan.value().spec.has_hooks());
  spec.mutable_hooks()->add_startcontainer()->set_path("/bin/inside");
  const auto inside = spec_for_guest(spec, kHome, host);
  REQUIRE(inside.ok());
  REQUIRE(inside.value().spec.hooks().startcontainer_size() == 1);
  CHECK(inside.value().spec.hooks().startcontainer(0).path() == "/bin/inside");
  CHECK(inside.value().spec.hooks().prestart_size() == 0);
}

TEST_CASE("namespaces are the guest's and the network is not asked for") {
  grpc::Spec spec;
  for (const char* type : {"pid", "network", "ipc", "uts", "mount", "cgroup", "user", "time"}) {
    grpc::LinuxNamespace& space = *spec.mutable_linux()->add_namespaces();
    space.set_type(type);
    space.set_path("/proc/1/ns/x");
  }
  const ContainerPlan plan = planned(spec);
  std::string kept;
  for (const auto& space : plan.spec.linux().namespaces()) {
    kept += space.type() + " ";
    CHECK(space.path().empty());
  }
  CHECK(kept == "pid ipc uts mount cgroup user ");
}

TEST_CASE("limits stay and the host's numbers go") {
  grpc::Spec spec;
  auto& resources = *spec.mutable_linux()->mutable_resources();
  resources.mutable_cpu()->set_quota(50'000);
  resources.mutable_cpu()->set_cpus("3-5");
  resources.mutable_cpu()->set_mems("1");
  resources.mutable_memory()->set_limit(1 << 20);
  resources.mutable_pids()->set_limit(7);
  resources.mutable_blockio()->set_weight(10);
  resources.mutable_network()->set_classid(1);
  const ContainerPlan plan = planned(spec);
  const auto& kept = plan.spec.linux().resources();
  CHECK(kept.cpu().quota() == 50'000);
  CHECK(kept.cpu().cpus().empty());
  CHECK(kept.cpu().mems().empty());
  CHECK(kept.memory().limit() == 1 << 20);
  CHECK(kept.pids().limit() == 7);
  CHECK_FALSE(kept.has_blockio());
  CHECK_FALSE(kept.has_network());
}

TEST_CASE("seccomp stays unless the configuration drops it") {
  grpc::Spec spec;
  spec.mutable_linux()->mutable_seccomp()->set_defaultaction("SCMP_ACT_ERRNO");
  CHECK(planned(spec).spec.linux().has_seccomp());
  ContainerHome home = kHome;
  home.drop_seccomp = true;
  CHECK_FALSE(spec_for_guest(spec, home, host).take().spec.linux().has_seccomp());
}

TEST_CASE("labels of the host's security modules do not reach the guest") {
  grpc::Spec spec;
  spec.mutable_process()->set_selinuxlabel("system_u:object_r:x");
  spec.mutable_process()->set_apparmorprofile("docker-default");
  spec.mutable_linux()->set_mountlabel("system_u");
  spec.set_hostname("box");
  const ContainerPlan plan = planned(spec);
  CHECK(plan.spec.process().selinuxlabel().empty());
  CHECK(plan.spec.process().apparmorprofile().empty());
  CHECK(plan.spec.linux().mountlabel().empty());
  CHECK(plan.spec.hostname() == "box");
}

TEST_CASE("devices that every guest has are kept and others are refused by path and number") {
  grpc::Spec spec;
  grpc::LinuxDevice& device = *spec.mutable_linux()->add_devices();
  device.set_path("/dev/zero");
  device.set_type("c");
  device.set_major(1);
  device.set_minor(5);
  CHECK(planned(spec).spec.linux().devices_size() == 1);
  device.set_path("/dev/fuse");
  device.set_major(10);
  device.set_minor(229);
  const auto refused = spec_for_guest(spec, kHome, host);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kUnsupported);
  CHECK(refused.error().message.find("'/dev/fuse' (c 10:229)") != std::string::npos);
}

TEST_CASE("share ids are one short path component whatever the container id") {
  CHECK(share_prefix("web_1.a-b") == "web_1.a-b");
  const std::string plus = share_prefix("a+b"), underscore = share_prefix("a_b");
  CHECK(plus != underscore);
  CHECK(plus.find('+') == std::string::npos);
  const std::string base(1000, 'x');
  CHECK(share_prefix(base + "1").size() < 200);
  CHECK(share_prefix(base + "1") != share_prefix(base + "2"));
}

TEST_CASE("the look-up resolves links and knows devices") {
  const auto null = look_up_host_file("/proc/self/root/dev/null");
  REQUIRE(null.ok());
  CHECK(null.value().kind == HostFile::Kind::kCharacterDevice);
  CHECK(null.value().major == 1);
  CHECK(null.value().minor == 3);
  CHECK(look_up_host_file("/nonexistent/x").error().code == ErrorCode::kNotFound);
}

TEST_CASE("the host's device nodes are not mounted into a guest") {
  struct Row {
    const char *destination, *source;
    bool refused;
  };
  for (const Row& row :
       {Row{"/dev", "/dev", true}, Row{"/dev/", "/srv", true}, Row{"/hostdev", "/dev", true},
        Row{"/x", "/dev/mapper", true}, Row{"/x", "/dev/../dev/disk", true},
        Row{"/x", "/dev/shm/mine", false}, Row{"/x", "/devices", false}}) {
    CAPTURE(row.source);
    const auto as_it_is = [](const std::filesystem::path& path) -> Result<HostFile> {
      return HostFile{path, HostFile::Kind::kDirectory, 0, 0};
    };
    const auto plan = spec_for_guest(
        spec_with_mount(row.destination, row.source, "bind", {"rbind"}), kHome, as_it_is);
    CHECK(plan.ok() != row.refused);
    if (plan.ok()) continue;
    CHECK(plan.error().message.starts_with("mount on '/"));
    CHECK(plan.error().message.find("the guest has its own /dev: remove the mount") !=
          std::string::npos);
  }
}

TEST_CASE("a tmpfs on /dev is the guest's to make") {
  const ContainerPlan plan = planned(spec_with_mount("/dev", "tmpfs", "tmpfs", {"nosuid"}));
  REQUIRE(plan.spec.mounts_size() == 1);
  CHECK(plan.spec.mounts(0).type() == "tmpfs");
}

namespace {

grpc::Spec spec_with_host_devices(const std::vector<bool>& rules_for_all) {
  grpc::Spec spec;
  grpc::Linux& settings = *spec.mutable_linux();
  const std::pair<const char*, std::int64_t> devices[] = {{"c", 1}, {"c", 10}, {"b", 8}, {"p", 0}};
  for (const auto& [type, major] : devices) {
    grpc::LinuxDevice& device = *settings.add_devices();
    device.set_path(concat("/dev/x", major));
    device.set_type(type);
    device.set_major(major);
    device.set_minor(major == 1 ? 3 : 0);
  }
  for (const bool allow : rules_for_all) {
    grpc::LinuxDeviceCgroup& rule = *settings.mutable_resources()->add_devices();
    rule.set_allow(allow);
    rule.set_major(-1);
    rule.set_minor(-1);
  }
  return spec;
}

}  // namespace

TEST_CASE("a privileged container gets none of the host's devices and a remark") {
  const ContainerPlan plan = planned(spec_with_host_devices({false, true}));
  REQUIRE(plan.spec.linux().devices_size() == 2);
  CHECK(plan.spec.linux().devices(0).path() == "/dev/x1");
  CHECK(plan.spec.linux().devices(1).type() == "p");
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0] ==
        "linux.devices: the container is privileged: 2 devices of the host are "
        "left out, the guest has its own");
}

TEST_CASE("a device that somebody asked for by name is refused by name") {
  for (const std::vector<bool>& rules :
       std::vector<std::vector<bool>>{{}, {false}, {true, false}}) {
    const auto plan = spec_for_guest(spec_with_host_devices(rules), kHome, host);
    REQUIRE_FALSE(plan.ok());
    CHECK(plan.error().message.find("'/dev/x10' (c 10:0)") != std::string::npos);
  }
}

}  // namespace kata::sandbox
