// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "kata/concat.h"
#include "sandbox/oci_spec_parts.h"

namespace kata::sandbox {
namespace {

constexpr std::array<std::string_view, 8> kNamespaces = {"pid", "network", "mount",  "ipc",
                                                         "uts", "user",    "cgroup", "time"};

constexpr std::array<std::string_view, 9> kPropagations = {
    "", "private", "shared", "slave", "unbindable", "rprivate", "rshared", "rslave", "runbindable"};
constexpr std::array<std::string_view, 9> kActions = {
    "SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_TRAP",  "SCMP_ACT_ERRNO",        "SCMP_ACT_TRACE",
    "SCMP_ACT_ALLOW", "SCMP_ACT_LOG",          "SCMP_ACT_NOTIFY"};
constexpr std::array<std::string_view, 7> kOperators = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",       "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};

void read_namespaces(const JsonReader& from, grpc::Linux& linux_part) {
  std::set<std::string> seen;
  from.each_object("namespaces", [&](const JsonReader& item) {
    grpc::LinuxNamespace& entry = *linux_part.add_namespaces();
    entry.set_type(item.text("type", Need::kRequired));
    entry.set_path(item.absolute_path("path"));
    if (std::find(kNamespaces.begin(), kNamespaces.end(), entry.type()) == kNamespaces.end())
      item.refuse("type", concat("expected pid, network, mount, ipc, uts, user, cgroup or time, "
                                 "found '",
                                 entry.type(), "'"));
    if (!seen.insert(entry.type()).second)
      item.refuse("type", concat("expected each namespace once, found '", entry.type(), "' again"));
  });
}

void read_devices(const JsonReader& from, grpc::Linux& linux_part) {
  from.each_object("devices", [&](const JsonReader& item) {
    grpc::LinuxDevice& device = *linux_part.add_devices();
    device.set_path(item.absolute_path("path", Need::kRequired));
    device.set_type(item.text("type", Need::kRequired));
    if (device.type().size() != 1 || device.type().find_first_of("cbup") == std::string::npos)
      item.refuse("type", concat("expected 'c', 'b', 'u' or 'p', found '", device.type(), "'"));
    const Need numbers = device.type() == "p" ? Need::kOptional : Need::kRequired;
    device.set_major(item.integer("major", 0, UINT32_MAX, numbers));
    device.set_minor(item.integer("minor", 0, UINT32_MAX, numbers));
    device.set_filemode(item.natural32("fileMode"));
    device.set_uid(item.natural32("uid"));
    device.set_gid(item.natural32("gid"));
  });
}

void read_syscall(const JsonReader& item, grpc::LinuxSyscall& rule) {
  item.each_text("names", [&](std::string name) { rule.add_names(std::move(name)); });
  if (rule.names().empty()) item.refuse("names", "expected names of system calls, found nothing");
  rule.set_action(item.text("action", Need::kRequired));
  expect_one_of(item, "action", rule.action(), kActions);
  if (item.has("errnoRet")) rule.set_errnoret(item.natural32("errnoRet"));
  item.each_object("args", [&](const JsonReader& part) {
    grpc::LinuxSeccompArg& argument = *rule.add_args();
    argument.set_index(static_cast<std::uint64_t>(part.integer("index", 0, 5, Need::kRequired)));
    argument.set_value(part.natural("value", Need::kRequired));
    argument.set_valuetwo(part.natural("valueTwo"));
    argument.set_op(part.text("op", Need::kRequired));
    expect_one_of(part, "op", argument.op(), kOperators);
  });
}

}  // namespace

void expect_one_of(const JsonReader& from, const char* key, std::string_view found,
                   std::span<const std::string_view> names) {
  if (std::find(names.begin(), names.end(), found) != names.end()) return;
  std::string list;
  for (const std::string_view name : names)
    if (!name.empty()) list += concat(list.empty() ? "" : ", ", name);
  from.refuse(key, concat("expected one of ", list, "; found '", found.substr(0, 40), "'"));
}

void read_seccomp(const JsonReader& from, grpc::LinuxSeccomp& seccomp) {
  seccomp.set_defaultaction(from.text("defaultAction", Need::kRequired));
  expect_one_of(from, "defaultAction", seccomp.defaultaction(), kActions);
  from.each_text("architectures", [&](std::string name) { seccomp.add_architectures(name); });
  from.each_text("flags", [&](std::string name) { seccomp.add_flags(name); });
  from.each_object("syscalls",
                   [&](const JsonReader& item) { read_syscall(item, *seccomp.add_syscalls()); });
  warn_unhonoured(from, {"listenerPath", "listenerMetadata"});
}

void read_linux(const JsonReader& from, grpc::Linux& linux_part) {
  read_namespaces(from, linux_part);
  read_id_mappings(from, "uidMappings", *linux_part.mutable_uidmappings());
  read_id_mappings(from, "gidMappings", *linux_part.mutable_gidmappings());
  from.each_member_text("sysctl", [&](const std::string& name, std::string value) {
    (*linux_part.mutable_sysctl())[name] = std::move(value);
  });
  read_devices(from, linux_part);
  from.object("resources", [&](const JsonReader& part) {
    read_resources(part, *linux_part.mutable_resources());
  });
  from.object("seccomp",
              [&](const JsonReader& part) { read_seccomp(part, *linux_part.mutable_seccomp()); });
  linux_part.set_cgroupspath(from.text("cgroupsPath"));
  linux_part.set_rootfspropagation(from.text("rootfsPropagation"));
  expect_one_of(from, "rootfsPropagation", linux_part.rootfspropagation(), kPropagations);
  from.each_text("maskedPaths", [&](std::string path) { linux_part.add_maskedpaths(path); });
  from.each_text("readonlyPaths", [&](std::string path) { linux_part.add_readonlypaths(path); });
  linux_part.set_mountlabel(from.text("mountLabel"));
  warn_unhonoured(from, {"mountLabel", "intelRdt"});
}

}  // namespace kata::sandbox
