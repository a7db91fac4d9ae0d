// SPDX-License-Identifier: Apache-2.0
#include "sandbox/features_json.h"

#include <nlohmann/json.hpp>

#include "sandbox/container_state.h"
#include "sandbox/oci_spec.h"

namespace kata::sandbox {

using nlohmann::ordered_json;

namespace {

constexpr const char* kOldestOciVersion = "1.0.0";

// As the agent reads them; a test holds this list against the agent's parser.
ordered_json mount_options() {
  return {"atime",          "bind",        "defaults",     "dev",         "diratime",
          "exec",           "iversion",    "loud",         "noatime",     "nodev",
          "nodiratime",     "noexec",      "noiversion",   "norelatime",  "nostrictatime",
          "nosuid",         "nosymfollow", "private",      "ratime",      "rbind",
          "rdev",           "rdiratime",   "relatime",     "remount",     "rexec",
          "rnoatime",       "rnodev",      "rnodiratime",  "rnoexec",     "rnorelatime",
          "rnostrictatime", "rnosuid",     "rnosymfollow", "ro",          "rprivate",
          "rrelatime",      "rro",         "rrw",          "rshared",     "rslave",
          "rstrictatime",   "rsuid",       "rsymfollow",   "runbindable", "rw",
          "shared",         "silent",      "slave",        "strictatime", "suid",
          "symfollow",      "tmpcopyup",   "unbindable"};
}

ordered_json seccomp() {
  return {
      {"enabled", true},
      {"actions",
       {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"}},
      {"operators",
       {"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT",
        "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"}},
      {"archs",
       {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",
        "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
        "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
        "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390", "SCMP_ARCH_S390X",
        "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64"}},
      {"knownFlags",
       {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"}},
      {"supportedFlags",
       {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"}}};
}

ordered_json linux_features() {
  ordered_json capabilities = ordered_json::array();
  for (const std::string_view name : known_capabilities()) capabilities.push_back(name);
  return {{"namespaces", {"cgroup", "ipc", "mount", "network", "pid", "user", "uts"}},
          {"capabilities", std::move(capabilities)},
          {"cgroup",
           {{"v1", true}, {"v2", true}, {"systemd", true}, {"systemdUser", false}, {"rdma", true}}},
          {"seccomp", seccomp()},
          {"apparmor", {{"enabled", false}}},
          {"selinux", {{"enabled", false}}},
          {"intelRdt", {{"enabled", false}}},
          {"mountExtensions", {{"idmap", {{"enabled", true}}}}}};
}

}  // namespace

ordered_json features_json(std::string_view version) {
  return {
      {"ociVersionMin", kOldestOciVersion},
      {"ociVersionMax", kOciVersion},
      {"hooks",
       {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}},
      {"mountOptions", mount_options()},
      {"linux", linux_features()},
      {"annotations", {{"io.katacontainers.runtime.version", version}}}};
}

}  // namespace kata::sandbox
