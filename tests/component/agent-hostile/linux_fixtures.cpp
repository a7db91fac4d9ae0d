// SPDX-License-Identifier: Apache-2.0
//
// Namespaces, cgroups, devices, system call filters and settings that are not a container's to
// have.
#include <fstream>

#include "fixture.h"

namespace kata::agent::hostile {
namespace {

namespace fs = std::filesystem;

constexpr int kManyRules = 10000;

// This machine's own: a runtime that does write it changes nothing.
std::string core_pattern() {
  std::ifstream file("/proc/sys/kernel/core_pattern");
  std::string line;
  std::getline(file, line);
  return line;
}

Json rule(const char* name, const char* action) { return {{"names", {name}}, {"action", action}}; }

void set_seccomp(Json& config, const char* action, Json syscalls) {
  config["linux"]["seccomp"] = {{"defaultAction", action}, {"syscalls", std::move(syscalls)}};
}

void add_namespace(Json& config, const char* type, const char* path = nullptr) {
  Json entry = {{"type", type}};
  if (path != nullptr) entry["path"] = path;
  config["linux"]["namespaces"].push_back(std::move(entry));
}

void add_device(Json& config, const char* path, const char* type, int major, int minor) {
  config["linux"]["devices"] = {
      {{"path", path}, {"type", type}, {"major", major}, {"minor", minor}}};
}

void change_device(grpc::Spec& spec, const char* type, std::int64_t major) {
  auto& device = *spec.mutable_linux()->add_devices();
  device.set_path("/dev/x");
  device.set_type(type);
  device.set_major(major);
  device.set_minor(1);
}

const Fixture kFixtures[] = {
    {.name = "a filter of ten thousand rules",
     .edit =
         [](Json& config, const Place&) {
           Json rules = Json::array();
           for (int number = 0; number < kManyRules; ++number) {
             Json one = rule("personality", "SCMP_ACT_ERRNO");
             one["args"] = {{{"index", 0}, {"value", 1000 + number}, {"op", "SCMP_CMP_EQ"}}};
             rules.push_back(std::move(one));
           }
           set_seccomp(config, "SCMP_ACT_ALLOW", std::move(rules));
         },
     .rejected = "load the seccomp filter"},
    {.name = "a filter with an unknown action",
     .edit =
         [](Json& config, const Place&) {
           set_seccomp(config, "SCMP_ACT_ALLOW", {rule("mkdir", "SCMP_ACT_MAYBE")});
         },
     .change =
         [](grpc::Spec& spec) {
           grpc::LinuxSeccomp& filter = *spec.mutable_linux()->mutable_seccomp();
           filter.set_defaultaction("SCMP_ACT_ALLOW");
           filter.add_syscalls()->add_names("mkdir");
           filter.mutable_syscalls(0)->set_action("SCMP_ACT_MAYBE");
         },
     .rejected = "linux.seccomp: syscalls[0]: unknown action 'SCMP_ACT_MAYBE'"},
    {.name = "a filter with an unknown default action",
     .edit = [](Json& config, const Place&) { set_seccomp(config, "ALLOW", Json::array()); },
     .change =
         [](grpc::Spec& spec) {
           spec.mutable_linux()->mutable_seccomp()->set_defaultaction("ALLOW");
         },
     .rejected = "linux.seccomp: unknown action 'ALLOW'"},
    {.name = "a filter for an unknown architecture",
     .edit =
         [](Json& config, const Place&) {
           set_seccomp(config, "SCMP_ACT_ALLOW", {rule("mkdir", "SCMP_ACT_ERRNO")});
           config["linux"]["seccomp"]["architectures"] = {"SCMP_ARCH_Z80"};
         },
     .change =
         [](grpc::Spec& spec) {
           auto& filter = *spec.mutable_linux()->mutable_seccomp();
           filter.set_defaultaction("SCMP_ACT_ALLOW");
           filter.add_architectures("SCMP_ARCH_Z80");
         },
     .rejected = "unknown architecture 'SCMP_ARCH_Z80'"},
    {.name = "a filter on a seventh argument",
     .edit =
         [](Json& config, const Place&) {
           Json one = rule("mkdir", "SCMP_ACT_ERRNO");
           one["args"] = {{{"index", 6}, {"value", 1}, {"op", "SCMP_CMP_EQ"}}};
           set_seccomp(config, "SCMP_ACT_ALLOW", {one});
         },
     .change =
         [](grpc::Spec& spec) {
           auto& filter = *spec.mutable_linux()->mutable_seccomp();
           filter.set_defaultaction("SCMP_ACT_ALLOW");
           auto& one = *filter.add_syscalls();
           one.add_names("mkdir");
           one.set_action("SCMP_ACT_ERRNO");
           one.add_args()->set_index(6);
         },
     .rejected = "args: index 6 is above 5"},
    {.name = "a filter with an unknown operator",
     .edit =
         [](Json& config, const Place&) {
           Json one = rule("mkdir", "SCMP_ACT_ERRNO");
           one["args"] = {{{"index", 0}, {"value", 1}, {"op", "SCMP_CMP_ISH"}}};
           set_seccomp(config, "SCMP_ACT_ALLOW", {one});
         },
     .change =
         [](grpc::Spec& spec) {
           grpc::LinuxSeccomp& filter = *spec.mutable_linux()->mutable_seccomp();
           filter.set_defaultaction("SCMP_ACT_ALLOW");
           grpc::LinuxSyscall& one = *filter.add_syscalls();
           one.add_names("mkdir");
           one.set_action("SCMP_ACT_ERRNO");
           one.add_args()->set_op("SCMP_CMP_ISH");
         },
     .rejected = "unknown operator 'SCMP_CMP_ISH'"},
    {.name = "a filter of system calls that do not exist",
     .edit =
         [](Json& config, const Place&) {
           set_seccomp(config, "SCMP_ACT_ALLOW", {rule("no_such_call", "SCMP_ACT_ERRNO")});
         }},
    {.name = "a filter that kills the program",
     .edit =
         [](Json& config, const Place&) {
           set_seccomp(config, "SCMP_ACT_ALLOW", {rule("execve", "SCMP_ACT_KILL_PROCESS")});
         },
     .prints = ""},
    {.name = "an unknown namespace",
     .edit = [](Json& config, const Place&) { add_namespace(config, "soul"); },
     .change = [](grpc::Spec& spec) { spec.mutable_linux()->add_namespaces()->set_type("soul"); },
     .rejected = "unknown namespace type 'soul'"},
    {.name = "a namespace twice",
     .edit = [](Json& config, const Place&) { add_namespace(config, "uts"); },
     .change = [](grpc::Spec& spec) { spec.mutable_linux()->add_namespaces()->set_type("uts"); },
     .rejected = "'uts' is there twice",
     .crun = "crun makes it once"},
    {.name = "the agent's mount namespace",
     .edit =
         [](Json& config, const Place&) {
           config.erase("hostname");
           config["linux"]["namespaces"] = {{{"type", "mount"}, {"path", "/proc/1/ns/mnt"}},
                                            {{"type", "pid"}}};
         },
     .rejected = "joining the mnt namespace"},
    {.name = "the agent's user namespace by its path",
     .edit = [](Json& config, const Place&) { add_namespace(config, "user", "/proc/1/ns/user"); },
     .rejected = "joining the user namespace"},
    {.name = "no mount namespace",
     .edit =
         [](Json& config, const Place&) {
           config["linux"]["namespaces"] = {{{"type", "pid"}}, {{"type", "uts"}}};
         },
     .rejected = "a mount namespace is required",
     .crun = "crun uses the caller's"},
    {.name = "a namespace's path is no namespace",
     .edit = [](Json& config, const Place&) { add_namespace(config, "cgroup", "/etc/hostname"); },
     .rejected = "join the cgroup namespace: Invalid argument"},
    {.name = "a user namespace without a map",
     .edit = [](Json& config, const Place&) { add_namespace(config, "user"); },
     .rejected = "a user namespace needs uidMappings",
     .crun = "crun makes a map of its own"},
    {.name = "a map of no ids",
     .edit =
         [](Json& config, const Place&) {
           add_namespace(config, "user");
           const Json map = {{{"containerID", 0}, {"hostID", 0}, {"size", 0}}};
           config["linux"]["uidMappings"] = map;
           config["linux"]["gidMappings"] = map;
         },
     .rejected = "a mapping of size 0"},
    {.name = "a setting of the whole kernel",
     .edit =
         [](Json& config, const Place&) {
           config["linux"]["sysctl"] = {{"kernel.core_pattern", core_pattern()}};
         },
     .rejected = "'kernel/core_pattern' is not a setting of a container's namespaces"},
    {.name = "a setting of the whole kernel by two dots",
     .edit =
         [](Json& config, const Place&) {
           config["linux"]["sysctl"] = {{"net/../kernel/core_pattern", core_pattern()}};
         },
     .rejected = "is not the name of a setting"},
    {.name = "a setting of the network lands in the container's own",
     .edit =
         [](Json& config, const Place&) {
           config["linux"]["sysctl"] = {{"net.ipv4.ip_default_ttl", "77"}};
           run_script(config, "cat /proc/sys/net/ipv4/ip_default_ttl");
         },
     .prints = "77\n"},
    {.name = "a rootfs that plants a false proc gets no setting written",
     .prepare =
         [](const Place& at) {
           fs::create_directories(at.rootfs / "proc/sys/net/ipv4");
           replace_by_link(at.rootfs / "proc/sys/net/ipv4/ip_default_ttl", at.canary / "secret");
         },
     .edit =
         [](Json& config, const Place&) {
           config["linux"]["sysctl"] = {{"net.ipv4.ip_default_ttl", "77"}};
           config["mounts"].erase(0);
         }},
    {.name = "a device outside of the rootfs",
     .change =
         [](grpc::Spec& spec) {
           auto& device = *spec.mutable_linux()->add_devices();
           device.set_path("/dev/../../etc/x");
           device.set_type("c");
         },
     .rejected = "linux.devices[0]: path: '/dev/../../etc/x' holds '..'"},
    {.name = "a device in a directory that is a link outside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "nodes", at.canary); },
     .edit = [](Json& config, const Place&) { add_device(config, "/nodes/mem", "c", 1, 1); },
     .rejected = "'/nodes/mem'"},
    {.name = "a device of an unknown type",
     .edit = [](Json& config, const Place&) { add_device(config, "/dev/x", "z", 1, 1); },
     .change = [](grpc::Spec& spec) { change_device(spec, "z", 1); },
     .rejected = "unknown device type 'z'",
     .crun = "crun takes it for a character device"},
    {.name = "a device with a negative number",
     .edit = [](Json& config, const Place&) { add_device(config, "/dev/x", "c", -5, 1); },
     .change = [](grpc::Spec& spec) { change_device(spec, "c", -5); },
     .rejected = "device number -5:1"},
    {.name = "devices are closed although no rule says so",
     .edit = [](Json& config, const Place&) { run_script(config, kOpenTun); },
     .prints = "refused\n"},
    {.name = "a cgroup outside of the root",
     .edit =
         [](Json& config, const Place&) {
           config["linux"]["cgroupsPath"] = "/../../../kata-hostile-climb";
           run_script(config, "cat /proc/self/cgroup | grep -c [.][.]; echo ran");
         },
     .prints = "0\nran\n"},
    {.name = "a list of CPUs that is none",
     .edit = [](Json& config,
                const Place&) { config["linux"]["resources"]["cpu"]["cpus"] = "0-1\n7"; },
     .rejected = "is not a list like 0-3,5",
     .crun = "crun makes no cgroup in this test"},
    {.name = "one byte of memory",
     .edit = [](Json& config,
                const Place&) { config["linux"]["resources"]["memory"]["limit"] = 1; },
     .rejected = "memory",
     .crun = "crun makes no cgroup in this test"},
    {.name = "a hostname of 65 bytes",
     .edit = [](Json& config, const Place&) { config["hostname"] = std::string(65, 'h'); },
     .rejected = "is longer than 64 bytes"},
    {.name = "an annotation of 1 MiB",
     .edit = [](Json& config,
                const Place&) { config["annotations"]["x"] = std::string(1U << 20, 'a'); }},
};

}  // namespace

std::span<const Fixture> linux_fixtures() { return kFixtures; }

}  // namespace kata::agent::hostile
