// SPDX-License-Identifier: Apache-2.0
#include "agent/container/cgroup.h"

#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <thread>

#include "core/base/files.h"
#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

std::vector<CgroupDirectory> version1_roots(const fs::path& mount_point) {
  std::vector<CgroupDirectory> roots;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(mount_point, ignored)) {
    struct statfs found {};
    if (entry.is_symlink(ignored) || ::statfs(entry.path().c_str(), &found) != 0) continue;
    if (found.f_type == CGROUP_SUPER_MAGIC)
      roots.push_back({entry.path().filename(), entry.path()});
  }
  std::sort(roots.begin(), roots.end(),
            [](const auto& one, const auto& other) { return one.name < other.name; });
  return roots;
}

// Children first, the directory itself last.
void visit_directories(const fs::path& directory,
                       const std::function<void(const fs::path&)>& visit) {
  std::error_code ignored;
  std::vector<fs::path> children;
  for (const auto& entry : fs::directory_iterator(directory, ignored))
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) children.push_back(entry.path());
  for (const fs::path& child : children) visit_directories(child, visit);
  visit(directory);
}

Result<void> collect_processes(const fs::path& directory, std::vector<pid_t>& pids) {
  const auto text = read_file(directory / "cgroup.procs");
  if (!text.ok()) {
    const int number = text.error().sys_errno;  // ENODEV: removed meanwhile; EOPNOTSUPP: threaded
    if (number == ENOENT || number == ENODEV || number == EOPNOTSUPP) return {};
    return text.error();
  }
  const char* at = text.value().data();
  const char* end = at + text.value().size();
  while (at < end) {
    pid_t pid = 0;
    const auto parsed = std::from_chars(at, end, pid);
    if (parsed.ec != std::errc{}) break;
    if (pid > 0) pids.push_back(pid);
    at = parsed.ptr + 1;
  }
  return {};
}

Result<void> check_list(const std::string& list, std::string_view field) {
  const auto legal = [](char letter) {
    return (letter >= '0' && letter <= '9') || letter == '-' || letter == ',';
  };
  if (std::all_of(list.begin(), list.end(), legal)) return {};
  return invalid(concat(field, ": '", list, "' is not a list like 0-3,5"));
}

// It becomes part of a file's name: "2MB", "64KB", "1GB".
Result<void> check_page_size(const std::string& size) {
  const std::size_t digits = size.find_first_not_of("0123456789");
  if (digits != 0 && digits != std::string::npos && digits < 10) {
    const std::string unit = size.substr(digits);
    if (unit == "KB" || unit == "MB" || unit == "GB") return {};
  }
  return invalid(concat("linux.resources.hugepageLimits.pageSize: '", size, "' is not like 2MB"));
}

Result<void> check_weight(std::uint32_t weight, std::string_view field) {
  if (weight == 0 || (weight >= 10 && weight <= 1000)) return {};
  return invalid(concat(field, ": ", weight, " is not in 10 to 1000"));
}

}  // namespace

Result<std::unique_ptr<Cgroup>> open_cgroup(const fs::path& path, const fs::path& mount_point) {
  const fs::path relative = path.relative_path();
  if (relative.empty() || std::find(path.begin(), path.end(), "..") != path.end() ||
      path.native().find('\0') != std::string::npos)
    return invalid(concat("linux.cgroupsPath: '", path, "' is not a path below the cgroup root"));
  struct statfs found {};
  if (::statfs(mount_point.c_str(), &found) != 0)
    return errno_error(concat("look at '", mount_point, "'"), errno);
  if (found.f_type == CGROUP2_SUPER_MAGIC) return make_cgroup_v2(mount_point, relative);
  auto roots = version1_roots(mount_point);
  if (roots.empty())
    return make_error(ErrorCode::kUnavailable,
                      concat("no cgroup filesystem is mounted at or below '", mount_point, "'"));
  return make_cgroup_v1(std::move(roots), relative);
}

Result<std::vector<pid_t>> processes_of(const Cgroup& cgroup) {
  std::vector<pid_t> pids;
  for (const CgroupDirectory& one : cgroup.directories()) {
    Result<void> result;
    visit_directories(one.path, [&](const fs::path& directory) {
      if (result.ok()) result = collect_processes(directory, pids);
    });
    KATA_TRY(std::move(result), "");
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

Result<void> signal_processes(const Cgroup& cgroup, int signal) {
  std::vector<pid_t> signalled;
  for (int round = 0; round < 16; ++round) {
    const auto pids = KATA_TRY(processes_of(cgroup), "");
    std::vector<pid_t> fresh;
    std::set_difference(pids.begin(), pids.end(), signalled.begin(), signalled.end(),
                        std::back_inserter(fresh));
    if (fresh.empty()) return {};
    for (const pid_t pid : fresh)
      if (::kill(pid, signal) != 0 && errno != ESRCH)
        return errno_error(concat("send signal ", signal, " to process ", pid), errno);
    signalled.insert(signalled.end(), fresh.begin(), fresh.end());
    std::sort(signalled.begin(), signalled.end());
  }
  return {};
}

Result<void> freeze_cgroup(Cgroup& cgroup, bool frozen) {
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (!KATA_TRY(cgroup.try_freeze(frozen), "")) {
    if (std::chrono::steady_clock::now() >= deadline)
      return make_error(ErrorCode::kTimeout,
                        concat("cgroup '", cgroup.directories().front().path, "' is not ",
                               frozen ? "frozen" : "thawed", " after a second"));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return {};
}

Result<void> remove_cgroup(const Cgroup& cgroup, Deadline deadline) {
  for (const CgroupDirectory& one : cgroup.directories()) {
    for (;;) {
      int failed = 0;
      visit_directories(one.path, [&](const fs::path& directory) {
        if (::rmdir(directory.c_str()) != 0 && errno != ENOENT) failed = errno;
      });
      if (failed == 0) break;
      if (failed != EBUSY || std::chrono::steady_clock::now() >= deadline)
        return errno_error(concat("remove cgroup '", one.path, "'"), failed);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  return {};
}

Result<void> check_resources(const grpc::LinuxResources& resources) {
  const auto& memory = resources.memory();
  if (memory.swappiness() > 100)
    return invalid(
        concat("linux.resources.memory.swappiness: ", memory.swappiness(), " is above 100"));
  if (memory.limit() > 0 && memory.swap() > 0 && memory.swap() < memory.limit())
    return invalid("linux.resources.memory.swap: is memory and swap together, so not below limit");
  KATA_TRY(check_list(resources.cpu().cpus(), "linux.resources.cpu.cpus"), "");
  KATA_TRY(check_list(resources.cpu().mems(), "linux.resources.cpu.mems"), "");
  KATA_TRY(check_weight(resources.blockio().weight(), "linux.resources.blockIO.weight"), "");
  for (const auto& device : resources.blockio().weightdevice())
    KATA_TRY(check_weight(device.weight(), "linux.resources.blockIO.weightDevice"), "");
  for (const auto& limit : resources.hugepagelimits())
    KATA_TRY(check_page_size(limit.pagesize()), "");
  return {};
}

std::uint64_t cpu_weight_of_shares(std::uint64_t shares) {
  const std::uint64_t bounded = std::clamp<std::uint64_t>(shares, 2, 262144);
  return 1 + (bounded - 2) * 9999 / 262142;
}

std::uint64_t io_weight_of_blkio_weight(std::uint64_t weight) {
  const std::uint64_t bounded = std::clamp<std::uint64_t>(weight, 10, 1000);
  return 1 + (bounded - 10) * 9999 / 990;
}

}  // namespace kata::agent
