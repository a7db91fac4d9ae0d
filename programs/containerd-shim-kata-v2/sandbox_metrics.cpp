// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/sandbox_metrics.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>

#include "containerd/metrics_v1.pb.h"
#include "containerd/metrics_v2.pb.h"
#include "core/base/files.h"

namespace kata::shim_v2 {

namespace fs = std::filesystem;
namespace v1 = containerd::cgroups_v1;
namespace v2 = containerd::cgroups_v2;
using sandbox::CgroupMount;

namespace {

constexpr std::size_t kLargestFile = 1U << 20;  // bytes
constexpr std::uint64_t kNanosecond = 1'000'000'000;

// One group in one hierarchy. What cannot be read counts as 0.
class Group {
 public:
  explicit Group(fs::path directory) : directory_(std::move(directory)) {}

  // "max" is the kernel's word for no limit.
  std::uint64_t number(const char* file) const { return parse(text(file)); }

  // From lines of "name number".
  std::uint64_t number(const char* file, std::string_view name) const {
    std::istringstream lines(text(file));
    std::string key, value;
    while (lines >> key >> value)
      if (key == name) return parse(value);
    return 0;
  }

 private:
  static std::uint64_t parse(const std::string& text) {
    if (text.starts_with("max")) return std::numeric_limits<std::uint64_t>::max();
    std::uint64_t value = 0;
    std::istringstream(text) >> value;
    return value;
  }

  std::string text(const char* file) const {
    auto read = read_file(directory_ / file, kLargestFile);
    return read.ok() ? read.take() : std::string();
  }

  fs::path directory_;
};

Group group_in(const CgroupMount& mount, const std::string& path) {
  return Group(mount.mount_point / fs::path(path).relative_path());
}

const CgroupMount* hierarchy_of(const std::vector<CgroupMount>& mounts, std::string_view name) {
  for (const CgroupMount& mount : mounts) {
    const auto& all = mount.controllers;
    if (!mount.unified && std::find(all.begin(), all.end(), name) != all.end()) return &mount;
  }
  return nullptr;
}

std::uint64_t of_ticks(std::uint64_t ticks) {
  const long a_second = ::sysconf(_SC_CLK_TCK);
  return a_second > 0 ? ticks * (kNanosecond / static_cast<std::uint64_t>(a_second)) : 0;
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - a;
  return b > room ? a + room : a + b;
}

void add_cpu(const Group& group, v1::CpuUsage& usage) {
  usage.set_total(usage.total() + group.number("cpuacct.usage"));
  usage.set_user(usage.user() + of_ticks(group.number("cpuacct.stat", "user")));
  usage.set_kernel(usage.kernel() + of_ticks(group.number("cpuacct.stat", "system")));
}

void add_memory(const Group& group, v1::Memory& memory) {
  memory.set_cache(memory.cache() + group.number("memory.stat", "cache"));
  memory.set_rss(memory.rss() + group.number("memory.stat", "rss"));
  v1::MemoryEntry& entry = *memory.mutable_usage();
  entry.set_usage(entry.usage() + group.number("memory.usage_in_bytes"));
  entry.set_max(entry.max() + group.number("memory.max_usage_in_bytes"));
  entry.set_limit(sum(entry.limit(), group.number("memory.limit_in_bytes")));
  entry.set_failcnt(entry.failcnt() + group.number("memory.failcnt"));
}

void add_v1(const std::vector<CgroupMount>& mounts, const std::string& path, v1::Metrics& metrics) {
  if (const auto* found = hierarchy_of(mounts, "cpuacct"))
    add_cpu(group_in(*found, path), *metrics.mutable_cpu()->mutable_usage());
  if (const auto* found = hierarchy_of(mounts, "memory"))
    add_memory(group_in(*found, path), *metrics.mutable_memory());
  if (const auto* found = hierarchy_of(mounts, "pids")) {
    const Group group = group_in(*found, path);
    v1::Pids& pids = *metrics.mutable_pids();
    pids.set_current(pids.current() + group.number("pids.current"));
  }
}

void add_v2(const Group& group, v2::Metrics& metrics) {
  v2::Cpu& cpu = *metrics.mutable_cpu();
  cpu.set_usage_usec(cpu.usage_usec() + group.number("cpu.stat", "usage_usec"));
  cpu.set_user_usec(cpu.user_usec() + group.number("cpu.stat", "user_usec"));
  cpu.set_system_usec(cpu.system_usec() + group.number("cpu.stat", "system_usec"));
  v2::Memory& memory = *metrics.mutable_memory();
  memory.set_usage(memory.usage() + group.number("memory.current"));
  memory.set_usage_limit(sum(memory.usage_limit(), group.number("memory.max")));
  memory.set_anon(memory.anon() + group.number("memory.stat", "anon"));
  memory.set_file(memory.file() + group.number("memory.stat", "file"));
  v2::Pids& pids = *metrics.mutable_pids();
  pids.set_current(pids.current() + group.number("pids.current"));
}

containerd::Any packed(const char* type, const std::string& value) {
  containerd::Any any;
  any.set_type_url(type);
  any.set_value(value);
  return any;
}

}  // namespace

Result<containerd::Any> sandbox_metrics(const sandbox::SandboxCgroups& groups,
                                        const std::vector<CgroupMount>& mounts) {
  std::vector<std::string> paths{groups.pod};
  if (!groups.overhead.empty()) paths.push_back(groups.overhead);
  if (groups.pod.empty() || mounts.empty())
    return make_error(ErrorCode::kFailedPrecondition,
                      "the sandbox has no control group on this host, so nothing counts what it "
                      "uses");
  const bool split =
      hierarchy_of(mounts, "cpuacct") != nullptr || hierarchy_of(mounts, "memory") != nullptr;
  const auto unified_one = std::find_if(mounts.begin(), mounts.end(),
                                        [](const CgroupMount& mount) { return mount.unified; });
  const CgroupMount& whole = unified_one != mounts.end() ? *unified_one : mounts.front();
  v1::Metrics old;
  v2::Metrics unified;
  for (const std::string& path : paths) {
    if (split)
      add_v1(mounts, path, old);
    else
      add_v2(group_in(whole, path), unified);
  }
  return split ? packed("io.containerd.cgroups.v1.Metrics", old.SerializeAsString())
               : packed("io.containerd.cgroups.v2.Metrics", unified.SerializeAsString());
}

}  // namespace kata::shim_v2
