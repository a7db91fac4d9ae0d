// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "agent/container/cgroup.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

class CgroupV2 final : public Cgroup {
 public:
  CgroupV2(fs::path root, fs::path path)
      : root_(std::move(root)), path_(std::move(path)), directory_(root_ / path_) {}

  Result<void> create() override;
  Result<void> add(pid_t pid) override { return write("cgroup.procs", std::to_string(pid)); }
  Result<void> apply(const grpc::LinuxResources& resources) override;
  Result<void> apply_unified(
      const std::vector<std::pair<std::string, std::string>>& files) override;
  Result<void> apply_devices(const std::vector<DeviceRule>& rules) override;
  Result<bool> try_freeze(bool frozen) override;
  Result<bool> frozen() const override;
  Result<void> signal_all(int signal) override;
  std::vector<CgroupDirectory> directories() const override { return {{"", directory_}}; }

 private:
  Result<void> write(std::string_view file, std::string_view value) const {
    return write_existing(directory_ / file, value);
  }
  void delegate_controllers(const fs::path& level) const;
  Result<void> apply_memory(const grpc::LinuxMemory& memory) const;
  Result<void> apply_cpu(const grpc::LinuxCPU& cpu) const;
  Result<void> apply_block_io(const grpc::LinuxBlockIO& io) const;

  fs::path root_, path_, directory_;
};

// One at a time: a controller that cannot be had is missed only by who asks for it.
void CgroupV2::delegate_controllers(const fs::path& level) const {
  const auto names = read_file(level / "cgroup.controllers");
  if (!names.ok()) return;
  std::string_view rest = names.value();
  while (!rest.empty()) {
    const std::size_t end = rest.find_first_of(" \n");
    const std::string_view name = rest.substr(0, end);
    if (!name.empty())
      static_cast<void>(write_existing(level / "cgroup.subtree_control", concat('+', name)).ok());
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

Result<void> CgroupV2::create() {
  if (!KATA_TRY(processes_of(*this), "").empty())
    return make_error(ErrorCode::kAlreadyExists,
                      concat("cgroup '/", path_, "' is in use: processes run in it"));
  fs::path level = root_;
  for (const auto& part : path_) {
    delegate_controllers(level);
    level /= part;
    std::error_code failed;
    fs::create_directory(level, failed);
    if (failed) return errno_error(concat("make cgroup '", level, "'"), failed.value());
  }
  return {};
}

// memory.swap.max is swap alone, where OCI's number is memory and swap together.
Result<void> CgroupV2::apply_memory(const grpc::LinuxMemory& memory) const {
  if (memory.limit() > 0) KATA_TRY(write("memory.max", std::to_string(memory.limit())), "");
  if (memory.swap() > 0 && memory.limit() <= 0)
    return make_error(ErrorCode::kInvalidArgument, "swap: needs a limit beside it");
  if (memory.swap() > 0) {
    auto written = write("memory.swap.max", std::to_string(memory.swap() - memory.limit()));
    if (!written.ok() && written.error().sys_errno != ENOENT) return written;
    if (!written.ok()) log::warn("linux.resources.memory.swap: this kernel does not account swap");
  }
  if (memory.reservation() > 0)
    KATA_TRY(write("memory.low", std::to_string(memory.reservation())), "");
  if (memory.swappiness() > 0 || memory.kernel() > 0 || memory.kerneltcp() > 0 ||
      memory.disableoomkiller())
    log::warn(
        "linux.resources.memory: swappiness, kernel, kernelTCP and disableOOMKiller are of "
        "cgroup version 1; left out");
  return {};
}

Result<void> CgroupV2::apply_cpu(const grpc::LinuxCPU& cpu) const {
  if (cpu.shares() > 0)
    KATA_TRY(write("cpu.weight", std::to_string(cpu_weight_of_shares(cpu.shares()))), "");
  if (cpu.quota() > 0 || cpu.period() > 0) {
    const std::string quota = cpu.quota() > 0 ? std::to_string(cpu.quota()) : "max";
    const std::uint64_t period = cpu.period() > 0 ? cpu.period() : 100'000;
    KATA_TRY(write("cpu.max", concat(quota, ' ', period)), "");
  }
  if (cpu.realtimeperiod() > 0 || cpu.realtimeruntime() > 0)
    return make_error(ErrorCode::kUnsupported,
                      "realtimeRuntime: cgroup version 2 has no real-time limits");
  if (!cpu.cpus().empty())
    if (auto written = write("cpuset.cpus", cpu.cpus()); !written.ok())
      log::warn("linux.resources.cpu.cpus is left out", {{"error", written.error().message}});
  if (!cpu.mems().empty()) KATA_TRY(write("cpuset.mems", cpu.mems()), "");
  return {};
}

Result<void> CgroupV2::apply_block_io(const grpc::LinuxBlockIO& io) const {
  if (io.weight() > 0)
    KATA_TRY(write("io.weight", concat("default ", io_weight_of_blkio_weight(io.weight()))), "");
  for (const auto& device : io.weightdevice())
    KATA_TRY(write("io.weight", concat(device.major(), ':', device.minor(), ' ',
                                       io_weight_of_blkio_weight(device.weight()))),
             "");
  const auto throttle = [this](const auto& devices, std::string_view key) -> Result<void> {
    for (const auto& device : devices)
      KATA_TRY(write("io.max",
                     concat(device.major(), ':', device.minor(), ' ', key, '=', device.rate())),
               "");
    return {};
  };
  KATA_TRY(throttle(io.throttlereadbpsdevice(), "rbps"), "");
  KATA_TRY(throttle(io.throttlewritebpsdevice(), "wbps"), "");
  KATA_TRY(throttle(io.throttlereadiopsdevice(), "riops"), "");
  return throttle(io.throttlewriteiopsdevice(), "wiops");
}

Result<void> CgroupV2::apply(const grpc::LinuxResources& resources) {
  KATA_TRY(apply_memory(resources.memory()), "linux.resources.memory");
  KATA_TRY(apply_cpu(resources.cpu()), "linux.resources.cpu");
  KATA_TRY(apply_block_io(resources.blockio()), "linux.resources.blockIO");
  if (resources.pids().limit() > 0)
    KATA_TRY(write("pids.max", std::to_string(resources.pids().limit())), "linux.resources.pids");
  for (const auto& limit : resources.hugepagelimits())
    KATA_TRY(write(concat("hugetlb.", limit.pagesize(), ".max"), std::to_string(limit.limit())),
             "linux.resources.hugepageLimits");
  return {};
}

Result<void> CgroupV2::apply_unified(
    const std::vector<std::pair<std::string, std::string>>& files) {
  for (const auto& [file, value] : files) KATA_TRY(write(file, value), "");
  return {};
}

Result<void> CgroupV2::apply_devices(const std::vector<DeviceRule>& rules) {
  return attach_device_program(directory_, rules);
}

Result<bool> CgroupV2::try_freeze(bool frozen) {
  KATA_TRY(write("cgroup.freeze", frozen ? "1" : "0"), "");
  const auto events = KATA_TRY(read_file(directory_ / "cgroup.events"), "");
  return events.find(frozen ? "frozen 1" : "frozen 0") != std::string::npos;
}

Result<bool> CgroupV2::frozen() const {
  return KATA_TRY(read_file(directory_ / "cgroup.freeze"), "").starts_with('1');
}

Result<void> CgroupV2::signal_all(int signal) {
  if (signal == SIGKILL && write("cgroup.kill", "1").ok()) return {};
  const auto before = frozen();
  const bool paused = before.ok() && before.value();
  static_cast<void>(freeze_cgroup(*this, true).ok());
  auto sent = signal_processes(*this, signal);
  if (!paused || signal == SIGKILL) static_cast<void>(freeze_cgroup(*this, false).ok());
  return sent;
}

}  // namespace

std::unique_ptr<Cgroup> make_cgroup_v2(const fs::path& root, const fs::path& path) {
  return std::make_unique<CgroupV2>(root, path);
}

}  // namespace kata::agent
