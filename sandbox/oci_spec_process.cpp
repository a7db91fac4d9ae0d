// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "kata/concat.h"
#include "sandbox/oci_spec.h"
#include "sandbox/oci_spec_parts.h"

namespace kata::sandbox {
namespace {

constexpr std::uint32_t kMaxId = UINT32_MAX - 1;  // the last one means "unchanged" to chown(2)

// capabilities(7), by number.
constexpr std::array<std::string_view, 41> kCapabilities = {"CAP_CHOWN",
                                                            "CAP_DAC_OVERRIDE",
                                                            "CAP_DAC_READ_SEARCH",
                                                            "CAP_FOWNER",
                                                            "CAP_FSETID",
                                                            "CAP_KILL",
                                                            "CAP_SETGID",
                                                            "CAP_SETUID",
                                                            "CAP_SETPCAP",
                                                            "CAP_LINUX_IMMUTABLE",
                                                            "CAP_NET_BIND_SERVICE",
                                                            "CAP_NET_BROADCAST",
                                                            "CAP_NET_ADMIN",
                                                            "CAP_NET_RAW",
                                                            "CAP_IPC_LOCK",
                                                            "CAP_IPC_OWNER",
                                                            "CAP_SYS_MODULE",
                                                            "CAP_SYS_RAWIO",
                                                            "CAP_SYS_CHROOT",
                                                            "CAP_SYS_PTRACE",
                                                            "CAP_SYS_PACCT",
                                                            "CAP_SYS_ADMIN",
                                                            "CAP_SYS_BOOT",
                                                            "CAP_SYS_NICE",
                                                            "CAP_SYS_RESOURCE",
                                                            "CAP_SYS_TIME",
                                                            "CAP_SYS_TTY_CONFIG",
                                                            "CAP_MKNOD",
                                                            "CAP_LEASE",
                                                            "CAP_AUDIT_WRITE",
                                                            "CAP_AUDIT_CONTROL",
                                                            "CAP_SETFCAP",
                                                            "CAP_MAC_OVERRIDE",
                                                            "CAP_MAC_ADMIN",
                                                            "CAP_SYSLOG",
                                                            "CAP_WAKE_ALARM",
                                                            "CAP_BLOCK_SUSPEND",
                                                            "CAP_AUDIT_READ",
                                                            "CAP_PERFMON",
                                                            "CAP_BPF",
                                                            "CAP_CHECKPOINT_RESTORE"};

// setrlimit(2).
constexpr std::array<std::string_view, 16> kRlimits = {
    "RLIMIT_AS",     "RLIMIT_CORE",   "RLIMIT_CPU",        "RLIMIT_DATA",
    "RLIMIT_FSIZE",  "RLIMIT_LOCKS",  "RLIMIT_MEMLOCK",    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",   "RLIMIT_NOFILE", "RLIMIT_NPROC",      "RLIMIT_RSS",
    "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void read_user(const JsonReader& from, grpc::User& user) {
  user.set_uid(static_cast<std::uint32_t>(from.integer("uid", 0, kMaxId)));
  user.set_gid(static_cast<std::uint32_t>(from.integer("gid", 0, kMaxId)));
  from.each_natural32("additionalGids", kMaxId,
                      [&](std::uint32_t gid) { user.add_additionalgids(gid); });
  user.set_username(from.text("username"));
}

// A capability that this kernel generation does not know is left out, as the other runtimes do.
template <class Add>
void read_capability_set(const JsonReader& from, const char* key, Add add) {
  from.each_text(key, [&](std::string name) {
    if (contains(kCapabilities, name))
      add(std::move(name));
    else if (name.starts_with("CAP_"))
      from.findings().warn(from.path_of(key),
                           concat("unknown capability '", name, "' is left out"));
    else
      from.refuse(key, concat("expected names such as CAP_KILL, found '", name, "'"));
  });
}

void read_capabilities(const JsonReader& from, grpc::LinuxCapabilities& sets) {
  read_capability_set(from, "bounding", [&](std::string name) { sets.add_bounding(name); });
  read_capability_set(from, "effective", [&](std::string name) { sets.add_effective(name); });
  read_capability_set(from, "inheritable", [&](std::string name) { sets.add_inheritable(name); });
  read_capability_set(from, "permitted", [&](std::string name) { sets.add_permitted(name); });
  read_capability_set(from, "ambient", [&](std::string name) { sets.add_ambient(name); });
}

void read_rlimits(const JsonReader& from, grpc::Process& process) {
  std::set<std::string> seen;
  from.each_object("rlimits", [&](const JsonReader& item) {
    grpc::POSIXRlimit& limit = *process.add_rlimits();
    limit.set_type(item.text("type", Need::kRequired));
    limit.set_soft(item.natural("soft", Need::kRequired));
    limit.set_hard(item.natural("hard", Need::kRequired));
    if (!contains(kRlimits, limit.type()))
      item.refuse("type",
                  concat("expected a name such as RLIMIT_NOFILE, found '", limit.type(), "'"));
    if (!seen.insert(limit.type()).second)
      item.refuse("type", concat("expected each limit once, found '", limit.type(), "' again"));
    if (limit.soft() > limit.hard())
      item.refuse("soft", concat("expected at most the hard limit ", limit.hard(), ", found ",
                                 limit.soft()));
  });
}

void read_command(const JsonReader& from, grpc::Process& process) {
  from.each_text("args", [&](std::string word) { process.add_args(std::move(word)); });
  if (process.args().empty() || process.args(0).empty())
    from.refuse("args", "expected a program and its arguments, found nothing");
  from.each_text("env", [&](std::string entry) {
    if (entry.find('=') == std::string::npos || entry.front() == '=')
      from.refuse("env", concat("expected NAME=value, found '", entry.substr(0, 60), "'"));
    process.add_env(std::move(entry));
  });
  process.set_cwd(from.absolute_path("cwd", Need::kRequired));
}

}  // namespace

std::span<const std::string_view> known_capabilities() { return kCapabilities; }

void read_process(const JsonReader& from, grpc::Process& process) {
  read_command(from, process);
  process.set_terminal(from.flag("terminal"));
  from.object("consoleSize", [&](const JsonReader& box) {
    process.mutable_consolesize()->set_height(box.natural32("height", Need::kRequired));
    process.mutable_consolesize()->set_width(box.natural32("width", Need::kRequired));
  });
  process.mutable_user();
  from.object("user", [&](const JsonReader& user) { read_user(user, *process.mutable_user()); });
  from.object("capabilities", [&](const JsonReader& sets) {
    read_capabilities(sets, *process.mutable_capabilities());
  });
  read_rlimits(from, process);
  process.set_nonewprivileges(from.flag("noNewPrivileges"));
  process.set_apparmorprofile(from.text("apparmorProfile"));
  process.set_oomscoreadj(from.integer("oomScoreAdj", -1000, 1000));
  process.set_selinuxlabel(from.text("selinuxLabel"));
  check_process_schema(from);
  warn_unhonoured(from, {"apparmorProfile", "selinuxLabel", "execCPUAffinity"});
}

}  // namespace kata::sandbox
