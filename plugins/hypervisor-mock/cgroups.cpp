// SPDX-License-Identifier: Apache-2.0
#include "cgroups.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "kata/concat.h"

namespace kata::mock {

namespace {

namespace fs = std::filesystem;

struct Mount {
  std::string root{}, point{}, type{}, options{};
};

// "36 35 98:0 /root /point opts [shared:1…] - type source super,options"
std::optional<Mount> parse_mount(const std::string& line) {
  std::istringstream words(line);
  std::string skipped;
  Mount mount;
  words >> skipped >> skipped >> skipped >> mount.root >> mount.point;
  while (words >> skipped && skipped != "-") {
  }
  words >> mount.type >> skipped >> mount.options;
  if (!words) return std::nullopt;
  return mount;
}

std::vector<Mount> parse_mounts(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);)
    if (auto mount = parse_mount(line); mount && mount->type.starts_with("cgroup"))
      mounts.push_back(std::move(*mount));
  return mounts;
}

bool has_words(const std::string& list, const std::string& words) {
  const std::string all = concat(",", list, ",");
  std::istringstream each(words);
  for (std::string word; std::getline(each, word, ',');)
    if (all.find(concat(",", word, ",")) == std::string::npos) return false;
  return true;
}

// The mount of the hierarchy that a line of /proc/self/cgroup names.
const Mount* mount_of(const std::vector<Mount>& mounts, const std::string& controllers) {
  const auto found = std::find_if(mounts.begin(), mounts.end(), [&](const Mount& mount) {
    if (controllers.empty()) return mount.type == "cgroup2" && mount.point == "/sys/fs/cgroup";
    return mount.type == "cgroup" && has_words(mount.options, controllers);
  });
  return found == mounts.end() ? nullptr : &*found;
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Up to that of the last hierarchy of this process: a host with many sandboxes has many other
// mounts.
std::string cgroup_lines_of_mountinfo(const std::string& cgroups) {
  const auto hierarchies = std::count(cgroups.begin(), cgroups.end(), '\n');
  std::ifstream in("/proc/self/mountinfo");
  std::set<std::string> seen;
  std::string lines;
  for (std::string line; std::ssize(seen) < hierarchies && std::getline(in, line);) {
    const std::size_t type = line.find(" - cgroup");
    if (type == std::string::npos) continue;
    seen.insert(line.substr(type));
    lines += line + '\n';
  }
  return lines;
}

// A new group of the cpuset hierarchy allows no CPU, so that nothing may enter it.
Result<void> inherit_cpuset(const fs::path& directory) {
  for (const char* name : {"cpuset.cpus", "cpuset.mems"}) {
    std::error_code ignored;
    if (!fs::exists(directory / name, ignored) || read_text(directory / name) != "\n") continue;
    std::ofstream out(directory / name);
    out << read_text(directory.parent_path() / name) << std::flush;
    if (!out)
      return make_error(ErrorCode::kInternal, concat("write '", directory / name, "' failed"));
  }
  return {};
}

// 0, or the errno of the first group that stays.
int remove_below(const fs::path& directory) {
  std::error_code ignored;
  std::vector<fs::path> children;
  for (const auto& entry : fs::directory_iterator(directory, ignored))
    if (entry.is_directory(ignored)) children.push_back(entry.path());
  for (const fs::path& child : children)
    if (const int number = remove_below(child); number != 0) return number;
  if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return 0;
  return errno;
}

}  // namespace

std::vector<std::string> cgroup_directories(std::string_view cgroups, std::string_view mountinfo,
                                            std::string_view name) {
  const auto mounts = parse_mounts(mountinfo);
  std::vector<std::string> directories;
  std::istringstream lines{std::string(cgroups)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.starts_with("name=")) continue;
    const Mount* const mount = mount_of(mounts, controllers);
    if (mount == nullptr) continue;
    std::string path = line.substr(second + 1);
    if (mount->root != "/" && path.starts_with(mount->root)) path.erase(0, mount->root.size());
    directories.push_back(
        (fs::path(mount->point) / fs::path(path).relative_path() / name).native());
  }
  std::sort(directories.begin(), directories.end());
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  return directories;
}

Result<std::vector<std::string>> own_cgroup_directories(std::string_view name) {
  const std::string cgroups = read_text("/proc/self/cgroup");
  auto directories = cgroup_directories(cgroups, cgroup_lines_of_mountinfo(cgroups), name);
  if (!directories.empty()) return directories;
  return make_error(ErrorCode::kUnavailable,
                    "no control group hierarchy is mounted at or below '/sys/fs/cgroup'");
}

Result<void> make_cgroups(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
      return errno_error(concat("make control group '", directory, "'"), errno);
    KATA_TRY(inherit_cpuset(directory), "");
  }
  return {};
}

Result<void> remove_cgroups(const std::vector<std::string>& directories, Deadline deadline) {
  for (const std::string& directory : directories) {
    int number = remove_below(directory);
    while (number == EBUSY && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      number = remove_below(directory);
    }
    if (number != 0) return errno_error(concat("remove control group '", directory, "'"), number);
  }
  return {};
}

}  // namespace kata::mock
