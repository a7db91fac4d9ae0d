// SPDX-License-Identifier: Apache-2.0
#include "sandbox/host_cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <thread>

#include "core/base/device_program.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::sandbox {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds kLookAgain{20};
constexpr const char* kUnifiedControllers[] = {"cpuset", "cpu", "io", "memory", "pids"};

fs::path directory_of(const CgroupMount& mount, const std::string& path) {
  return mount.mount_point / fs::path(path).relative_path();
}

bool has_controller(const CgroupMount& mount, std::string_view name) {
  return std::find(mount.controllers.begin(), mount.controllers.end(), name) !=
         mount.controllers.end();
}

// One write, because the kernel takes one record a call.
Result<void> write_record(const fs::path& file, const std::string& text) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return errno_error(concat("open '", file, "'"), errno);
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return errno_error(concat("write '", text, "' to '", file, "'"), errno);
  return {};
}

std::string read_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// A version 1 group for CPUs takes no process before it has some.
Result<void> inherit_cpuset(const fs::path& directory) {
  for (const char* name : {"cpuset.cpus", "cpuset.mems"}) {
    if (!read_line(directory / name).empty()) continue;
    const std::string value = read_line(directory.parent_path() / name);
    if (!value.empty()) KATA_TRY(write_record(directory / name, value), "");
  }
  return {};
}

// The engine may have set this up differently on purpose, so what is refused stays as it is.
void offer_controllers(const fs::path& directory) {
  for (const char* controller : kUnifiedControllers)
    static_cast<void>(write_record(directory / "cgroup.subtree_control", concat('+', controller)));
}

Result<void> make_level(const CgroupMount& mount, const fs::path& directory) {
  if (mount.unified) offer_controllers(directory.parent_path());
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
    return errno_error(concat("make control group '", directory, "'"), errno);
  if (has_controller(mount, "cpuset")) KATA_TRY(inherit_cpuset(directory), "");
  return {};
}

Result<void> make_below(const CgroupMount& mount, const std::string& path) {
  fs::path directory = mount.mount_point;
  for (const fs::path& part : fs::path(path).relative_path()) {
    directory /= part;
    KATA_TRY(make_level(mount, directory), "");
  }
  return {};
}

std::string text_of(const DeviceRule& rule) {
  const auto number = [](std::int32_t value) {
    return value < 0 ? std::string("*") : std::to_string(value);
  };
  return concat(rule.type, ' ', number(rule.major), ':', number(rule.minor), ' ', rule.access);
}

std::vector<kata::DeviceRule> rules_for_kernel(const std::vector<DeviceRule>& allowed) {
  std::vector<kata::DeviceRule> rules;
  const auto number = [](std::int32_t value) {
    return value < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
  };
  for (const DeviceRule& rule : allowed) {
    const std::string_view access(rule.access);
    const auto may = [access](char letter) { return access.find(letter) != access.npos; };
    rules.push_back(
        {true, rule.type, number(rule.major), number(rule.minor), may('r'), may('w'), may('m')});
  }
  return rules;
}

std::string first_of(const fs::path& directory) {
  const std::string pid = read_line(directory / "cgroup.procs");
  return pid.empty() ? std::string() : concat("; process ", pid, " is still in it");
}

Result<void> remove_tree(const fs::path& directory, Deadline deadline) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(directory, failure))
    if (entry.is_directory(failure)) KATA_TRY(remove_tree(entry.path(), deadline), "");
  while (::rmdir(directory.c_str()) != 0) {
    if (errno == ENOENT) return {};
    const int number = errno;
    if (number != EBUSY || std::chrono::steady_clock::now() >= deadline)
      return errno_error(concat("remove control group '", directory, "'", first_of(directory)),
                         number);
    std::this_thread::sleep_for(kLookAgain);
  }
  return {};
}

bool is_parent_of_ours(const std::string& path) {
  return path == "/kata" || path == "/kata_overhead";
}

}  // namespace

template <class Do>
Result<void> Cgroups::for_each(const std::string& path, Do act) const {
  for (const CgroupMount& mount : mounts_) KATA_TRY(act(mount, directory_of(mount, path)), "");
  return {};
}

bool Cgroups::places_threads() const noexcept {
  return std::any_of(mounts_.begin(), mounts_.end(),
                     [](const CgroupMount& mount) { return has_controller(mount, "cpu"); });
}

Result<void> Cgroups::make(const std::string& path) const {
  for (const CgroupMount& mount : mounts_) {
    auto made = make_below(mount, path);
    // The last group of another sandbox may have taken our common parent along: once more.
    if (!made.ok() && made.error().sys_errno == ENOENT) made = make_below(mount, path);
    KATA_TRY(std::move(made), "");
  }
  return {};
}

Result<void> Cgroups::make_where_missing(const std::string& path) const {
  std::error_code failure;
  for (const CgroupMount& mount : mounts_)
    if (!fs::is_directory(directory_of(mount, path), failure))
      KATA_TRY(make_below(mount, path), "");
  return {};
}

Result<void> Cgroups::add_process(const std::string& path, std::int32_t pid) const {
  return for_each(path, [pid](const CgroupMount&, const fs::path& directory) {
    return write_record(directory / "cgroup.procs", std::to_string(pid));
  });
}

Result<void> Cgroups::add_threads(const std::string& path,
                                  const std::vector<std::int32_t>& tids) const {
  return for_each(path, [&](const CgroupMount& mount, const fs::path& directory) -> Result<void> {
    if (mount.unified) return {};
    for (const std::int32_t tid : tids)
      KATA_TRY(write_record(directory / "tasks", std::to_string(tid)), "");
    return {};
  });
}

bool Cgroups::has_device_hierarchy() const noexcept {
  return std::any_of(mounts_.begin(), mounts_.end(),
                     [](const CgroupMount& mount) { return has_controller(mount, "devices"); });
}

Result<void> Cgroups::restrict_devices(const std::string& path,
                                       const std::vector<DeviceRule>& allowed) const {
  KATA_TRY(for_each(path,
                    [](const CgroupMount& mount, const fs::path& directory) -> Result<void> {
                      if (!has_controller(mount, "devices")) return {};
                      return write_record(directory / "devices.deny", "a");
                    }),
           "");
  return allow_devices(path, allowed);
}

Result<void> Cgroups::allow_devices(const std::string& path,
                                    const std::vector<DeviceRule>& all) const {
  const bool by_program = !has_device_hierarchy();
  return for_each(path, [&](const CgroupMount& mount, const fs::path& directory) -> Result<void> {
    if (by_program && mount.unified) return attach_device_program(directory, rules_for_kernel(all));
    if (!has_controller(mount, "devices")) return {};
    for (const DeviceRule& rule : all) {
      const auto done = write_record(directory / "devices.allow", text_of(rule));
      if (!done.ok() && done.error().sys_errno != EPERM) return done;
    }
    return {};
  });
}

Result<void> Cgroups::remove(const std::string& path, Deadline deadline) const {
  if (path.empty() || path == "/") return {};
  Result<void> first;
  for (const CgroupMount& mount : mounts_) {
    const fs::path directory = directory_of(mount, path);
    auto removed = remove_tree(directory, deadline);
    if (!removed.ok() && first.ok()) first = std::move(removed).error();
    if (is_parent_of_ours(fs::path(path).parent_path())) ::rmdir(directory.parent_path().c_str());
  }
  return first;
}

// The host's hierarchies are mounted long before its sandboxes, and a host with many of these has
// many mounts: the table is read until each hierarchy of this process was seen.
Result<Cgroups> Cgroups::of_this_host() {
  std::ifstream own("/proc/self/cgroup");
  const auto hierarchies = static_cast<std::size_t>(
      std::count(std::istreambuf_iterator<char>(own), std::istreambuf_iterator<char>(), '\n'));
  std::ifstream file("/proc/self/mountinfo");
  if (!file) return errno_error("read '/proc/self/mountinfo'", errno);
  std::string text;
  std::vector<CgroupMount> mounts;
  for (std::string line; std::getline(file, line);) {
    if (line.find(" - cgroup") == std::string::npos) continue;
    text += line + '\n';
    mounts = cgroup_mounts(text);
    if (mounts.size() == hierarchies) break;
  }
  return Cgroups(std::move(mounts));
}

}  // namespace kata::sandbox
