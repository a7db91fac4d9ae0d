// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/container/cgroup.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

bool lists(std::string_view names, std::string_view wanted) {
  for (;;) {
    const std::size_t comma = names.find(',');
    if (names.substr(0, comma) == wanted) return true;
    if (comma == std::string_view::npos) return false;
    names.remove_prefix(comma + 1);
  }
}

class CgroupV1 final : public Cgroup {
 public:
  CgroupV1(std::vector<CgroupDirectory> roots, fs::path path)
      : roots_(std::move(roots)), path_(std::move(path)) {}

  Result<void> create() override;
  Result<void> add(pid_t pid) override;
  Result<void> apply(const grpc::LinuxResources& resources) override;
  Result<void> apply_unified(
      const std::vector<std::pair<std::string, std::string>>& files) override;
  Result<void> apply_devices(const std::vector<DeviceRule>& rules) override;
  Result<bool> try_freeze(bool frozen) override;
  Result<bool> frozen() const override;
  Result<void> signal_all(int signal) override;
  std::vector<CgroupDirectory> directories() const override;

 private:
  Result<fs::path> directory(std::string_view controller) const;
  Result<void> write(std::string_view controller, std::string_view file,
                     std::string_view value) const;
  Result<void> write_number(std::string_view controller, std::string_view file,
                            std::int64_t value) const;
  Result<void> inherit_cpuset(const fs::path& root) const;
  Result<void> apply_memory(const grpc::LinuxMemory& memory) const;
  Result<void> apply_memory_limits(const grpc::LinuxMemory& memory) const;
  Result<void> apply_cpu(const grpc::LinuxCPU& cpu) const;
  Result<void> apply_bandwidth(const grpc::LinuxCPU& cpu) const;
  Result<void> apply_cpuset(const grpc::LinuxCPU& cpu) const;
  Result<void> apply_block_io(const grpc::LinuxBlockIO& io) const;

  std::vector<CgroupDirectory> roots_;
  fs::path path_;
};

Result<fs::path> CgroupV1::directory(std::string_view controller) const {
  for (const CgroupDirectory& root : roots_)
    if (lists(root.name, controller)) return root.path / path_;
  return make_error(ErrorCode::kUnsupported,
                    concat("this machine has no '", controller, "' cgroup controller"));
}

Result<void> CgroupV1::write(std::string_view controller, std::string_view file,
                             std::string_view value) const {
  const fs::path place = KATA_TRY(directory(controller), "");
  return write_existing(place / file, value);
}

Result<void> CgroupV1::write_number(std::string_view controller, std::string_view file,
                                    std::int64_t value) const {
  if (value == 0) return {};
  return write(controller, file, std::to_string(value));
}

std::vector<CgroupDirectory> CgroupV1::directories() const {
  std::vector<CgroupDirectory> result;
  for (const CgroupDirectory& root : roots_) result.push_back({root.name, root.path / path_});
  return result;
}

// A new cpuset is empty and takes no process: each level gets its parent's.
Result<void> CgroupV1::inherit_cpuset(const fs::path& root) const {
  fs::path level = root;
  for (const auto& part : path_) {
    const fs::path parent = level;
    level /= part;
    for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
      const std::string own = KATA_TRY(read_file(level / file), "");
      if (own.find_first_not_of(" \n") != std::string::npos) continue;
      const std::string inherited = KATA_TRY(read_file(parent / file), "");
      KATA_TRY(write_existing(level / file, inherited), "");
    }
  }
  return {};
}

Result<void> CgroupV1::create() {
  if (!KATA_TRY(processes_of(*this), "").empty())
    return make_error(ErrorCode::kAlreadyExists,
                      concat("cgroup '/", path_, "' is in use: processes run in it"));
  for (const CgroupDirectory& root : roots_) {
    std::error_code failed;
    fs::create_directories(root.path / path_, failed);
    if (failed) return errno_error(concat("make cgroup '", root.path / path_, "'"), failed.value());
    if (lists(root.name, "cpuset")) KATA_TRY(inherit_cpuset(root.path), "copy cpuset");
  }
  return {};
}

Result<void> CgroupV1::add(pid_t pid) {
  for (const CgroupDirectory& one : directories())
    KATA_TRY(write_existing(one.path / "cgroup.procs", std::to_string(pid)), "");
  return {};
}

// Memory alone may never exceed memory and swap together: raising needs the sum first.
Result<void> CgroupV1::apply_memory_limits(const grpc::LinuxMemory& memory) const {
  if (memory.limit() > 0 && !write_number("memory", "memory.limit_in_bytes", memory.limit()).ok())
    if (memory.swap() > 0)
      KATA_TRY(write_number("memory", "memory.memsw.limit_in_bytes", memory.swap()), "");
  if (memory.limit() > 0)
    KATA_TRY(write_number("memory", "memory.limit_in_bytes", memory.limit()), "");
  if (memory.swap() <= 0) return {};
  auto written = write_number("memory", "memory.memsw.limit_in_bytes", memory.swap());
  if (written.ok() || written.error().sys_errno != ENOENT) return written;
  log::warn("linux.resources.memory.swap: this kernel does not account swap");
  return {};
}

Result<void> CgroupV1::apply_memory(const grpc::LinuxMemory& memory) const {
  KATA_TRY(apply_memory_limits(memory), "");
  if (memory.reservation() > 0)
    KATA_TRY(write_number("memory", "memory.soft_limit_in_bytes", memory.reservation()), "");
  if (memory.kerneltcp() > 0)
    KATA_TRY(write_number("memory", "memory.kmem.tcp.limit_in_bytes", memory.kerneltcp()), "");
  if (memory.kernel() > 0)
    log::warn("linux.resources.memory.kernel: kernels no longer have this limit; left out");
  KATA_TRY(
      write_number("memory", "memory.swappiness", static_cast<std::int64_t>(memory.swappiness())),
      "");
  if (memory.disableoomkiller()) KATA_TRY(write("memory", "memory.oom_control", "1"), "");
  return {};
}

// The kernel wants quota/period within the parent's at each step: when the period first is
// refused, the quota goes first.
Result<void> CgroupV1::apply_bandwidth(const grpc::LinuxCPU& cpu) const {
  const auto period = static_cast<std::int64_t>(cpu.period());
  const bool retry = !write_number("cpu", "cpu.cfs_period_us", period).ok();
  if (cpu.quota() > 0) KATA_TRY(write_number("cpu", "cpu.cfs_quota_us", cpu.quota()), "");
  if (retry) KATA_TRY(write_number("cpu", "cpu.cfs_period_us", period), "");
  return {};
}

Result<void> CgroupV1::apply_cpu(const grpc::LinuxCPU& cpu) const {
  KATA_TRY(write_number("cpu", "cpu.shares", static_cast<std::int64_t>(cpu.shares())), "");
  KATA_TRY(apply_bandwidth(cpu), "");
  KATA_TRY(write_number("cpu", "cpu.rt_period_us", static_cast<std::int64_t>(cpu.realtimeperiod())),
           "");
  if (cpu.realtimeruntime() > 0)
    KATA_TRY(write_number("cpu", "cpu.rt_runtime_us", cpu.realtimeruntime()), "");
  return apply_cpuset(cpu);
}

// The host's CPU numbers may not exist in the guest; its memory nodes are translated by the host.
Result<void> CgroupV1::apply_cpuset(const grpc::LinuxCPU& cpu) const {
  if (!cpu.cpus().empty())
    if (auto written = write("cpuset", "cpuset.cpus", cpu.cpus()); !written.ok())
      log::warn("linux.resources.cpu.cpus is left out", {{"error", written.error().message}});
  if (!cpu.mems().empty()) KATA_TRY(write("cpuset", "cpuset.mems", cpu.mems()), "");
  return {};
}

Result<void> CgroupV1::apply_block_io(const grpc::LinuxBlockIO& io) const {
  KATA_TRY(write_number("blkio", "blkio.weight", io.weight()), "");
  KATA_TRY(write_number("blkio", "blkio.leaf_weight", io.leafweight()), "");
  const auto throttle = [this](const auto& devices, std::string_view file) -> Result<void> {
    for (const auto& device : devices)
      KATA_TRY(
          write("blkio", file, concat(device.major(), ':', device.minor(), ' ', device.rate())),
          "");
    return {};
  };
  for (const auto& device : io.weightdevice())
    KATA_TRY(write("blkio", "blkio.weight_device",
                   concat(device.major(), ':', device.minor(), ' ', device.weight())),
             "");
  KATA_TRY(throttle(io.throttlereadbpsdevice(), "blkio.throttle.read_bps_device"), "");
  KATA_TRY(throttle(io.throttlewritebpsdevice(), "blkio.throttle.write_bps_device"), "");
  KATA_TRY(throttle(io.throttlereadiopsdevice(), "blkio.throttle.read_iops_device"), "");
  return throttle(io.throttlewriteiopsdevice(), "blkio.throttle.write_iops_device");
}

Result<void> CgroupV1::apply(const grpc::LinuxResources& resources) {
  KATA_TRY(apply_memory(resources.memory()), "linux.resources.memory");
  KATA_TRY(apply_cpu(resources.cpu()), "linux.resources.cpu");
  KATA_TRY(apply_block_io(resources.blockio()), "linux.resources.blockIO");
  if (resources.pids().limit() > 0)
    KATA_TRY(write_number("pids", "pids.max", resources.pids().limit()), "linux.resources.pids");
  for (const auto& limit : resources.hugepagelimits())
    KATA_TRY(write("hugetlb", concat("hugetlb.", limit.pagesize(), ".limit_in_bytes"),
                   std::to_string(limit.limit())),
             "linux.resources.hugepageLimits");
  return {};
}

Result<void> CgroupV1::apply_unified(
    const std::vector<std::pair<std::string, std::string>>& files) {
  if (files.empty()) return {};
  return make_error(ErrorCode::kUnsupported,
                    concat("'", files.front().first, "': this machine has cgroup version 1 only"));
}

// To the kernel "a" is every device whatever follows it: a narrower rule is one for each type.
Result<void> CgroupV1::apply_devices(const std::vector<DeviceRule>& rules) {
  KATA_TRY(write("devices", "devices.deny", "a"), "");
  for (const DeviceRule& rule : rules) {
    const char* file = rule.allow ? "devices.allow" : "devices.deny";
    const bool whole = !rule.major && !rule.minor && rule.read && rule.write && rule.make;
    std::string types(1, rule.type);
    if (rule.type == 'a' && !whole) types = "bc";
    for (const char type : types) {
      DeviceRule one = rule;
      one.type = type;
      KATA_TRY(write("devices", file, type == 'a' ? "a" : device_rule_text(one)),
               concat("device rule '", device_rule_text(one), "'"));
    }
  }
  return {};
}

// The kernel may need the word again while processes fork.
Result<bool> CgroupV1::try_freeze(bool frozen) {
  const std::string_view wanted = frozen ? "FROZEN" : "THAWED";
  KATA_TRY(write("freezer", "freezer.state", wanted), "");
  const fs::path file = KATA_TRY(directory("freezer"), "") / "freezer.state";
  return KATA_TRY(read_file(file), "").starts_with(wanted);
}

// FREEZING, FROZEN or THAWED.
Result<bool> CgroupV1::frozen() const {
  const fs::path file = KATA_TRY(directory("freezer"), "") / "freezer.state";
  return KATA_TRY(read_file(file), "").starts_with("FR");
}

// A frozen process takes even SIGKILL only once it is thawed. A paused container stays paused when
// it is sent something else.
Result<void> CgroupV1::signal_all(int signal) {
  const auto before = frozen();
  const bool paused = before.ok() && before.value();
  static_cast<void>(freeze_cgroup(*this, true).ok());
  auto sent = signal_processes(*this, signal);
  if (!paused || signal == SIGKILL) static_cast<void>(freeze_cgroup(*this, false).ok());
  return sent;
}

}  // namespace

std::unique_ptr<Cgroup> make_cgroup_v1(std::vector<CgroupDirectory> roots, const fs::path& path) {
  return std::make_unique<CgroupV1>(std::move(roots), path);
}

}  // namespace kata::agent
