// SPDX-License-Identifier: Apache-2.0
#include "agent/container/names.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <span>
#include <utility>

#include "kata/concat.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace kata::agent {
namespace {

template <class Number>
using Word = std::pair<std::string_view, Number>;

template <class Number>
Result<Number> look_up(std::span<const Word<Number>> words, std::string_view name,
                       std::string_view what) {
  for (const auto& [word, number] : words)
    if (word == name) return number;
  return make_error(ErrorCode::kInvalidArgument, concat("unknown ", what, " '", name, "'"));
}

constexpr Word<std::uint64_t> kNamespaces[] = {
    {"mount", CLONE_NEWNS},    {"mnt", CLONE_NEWNS},    {"pid", CLONE_NEWPID},
    {"network", CLONE_NEWNET}, {"net", CLONE_NEWNET},   {"ipc", CLONE_NEWIPC},
    {"uts", CLONE_NEWUTS},     {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP},
    {"time", CLONE_NEWTIME},
};

constexpr std::array<std::string_view, 41> kCapabilities = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};

constexpr Word<int> kRlimits[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

constexpr Word<mode_t> kNodeTypes[] = {
    {"b", S_IFBLK}, {"c", S_IFCHR}, {"u", S_IFCHR}, {"p", S_IFIFO}};

constexpr Word<unsigned long> kPropagations[] = {
    {"", 0},
    {"private", MS_PRIVATE},
    {"rprivate", MS_PRIVATE | MS_REC},
    {"shared", MS_SHARED},
    {"rshared", MS_SHARED | MS_REC},
    {"slave", MS_SLAVE},
    {"rslave", MS_SLAVE | MS_REC},
    {"unbindable", MS_UNBINDABLE},
    {"runbindable", MS_UNBINDABLE | MS_REC},
};

}  // namespace

Result<std::uint64_t> namespace_flag(std::string_view type) {
  return look_up<std::uint64_t>(kNamespaces, type, "namespace type");
}

std::string_view namespace_file(std::uint64_t flag) {
  switch (flag) {
    case CLONE_NEWNS:
      return "mnt";
    case CLONE_NEWNET:
      return "net";
    default:
      for (const auto& [word, number] : kNamespaces)
        if (number == flag) return word;
      return "";
  }
}

Result<int> capability_number(std::string_view name) {
  std::string_view word = name;
  if (word.size() >= 2 && word.front() == '"' && word.back() == '"')
    word = word.substr(1, word.size() - 2);
  if (word.starts_with("CAP_")) word.remove_prefix(4);
  for (std::size_t number = 0; number < kCapabilities.size(); ++number)
    if (kCapabilities[number] == word) return static_cast<int>(number);
  return make_error(ErrorCode::kInvalidArgument, concat("unknown capability '", name, "'"));
}

std::string capability_name(int number) {
  if (number < 0 || static_cast<std::size_t>(number) >= kCapabilities.size())
    return concat("capability ", number);
  return concat("CAP_", kCapabilities[static_cast<std::size_t>(number)]);
}

Result<int> rlimit_resource(std::string_view name) {
  return look_up<int>(kRlimits, name, "resource limit");
}

Result<mode_t> device_node_type(std::string_view type) {
  return look_up<mode_t>(kNodeTypes, type, "device type");
}

Result<unsigned long> propagation_flag(std::string_view name) {
  return look_up<unsigned long>(kPropagations, name, "mount propagation");
}

Result<void> check_text(std::string_view text, std::string_view field) {
  if (text.find('\0') == std::string_view::npos) return {};
  return make_error(ErrorCode::kInvalidArgument, concat(field, ": holds a NUL byte"));
}

Result<void> check_absolute(std::string_view path, std::string_view field) {
  KATA_TRY(check_text(path, field), "");
  if (!path.starts_with('/'))
    return make_error(ErrorCode::kInvalidArgument,
                      concat(field, ": '", path, "' is not an absolute path"));
  for (const auto& part : std::filesystem::path(path))
    if (part == "..")
      return make_error(ErrorCode::kInvalidArgument, concat(field, ": '", path, "' holds '..'"));
  return {};
}

}  // namespace kata::agent
