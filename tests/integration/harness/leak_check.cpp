// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/leak_check.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "tests/integration/harness/command.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void add_processes(const std::string& marker, std::set<std::string>& entries) {
  const std::string wanted = std::string(kMarkerVariable) + "=" + marker;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (pid == std::to_string(::getpid())) continue;
    std::string environment = '\0' + slurp(entry.path() / "environ");
    if (environment.find('\0' + wanted + '\0') == std::string::npos) continue;
    std::string name = slurp(entry.path() / "comm");
    if (!name.empty()) name.pop_back();
    entries.insert("process " + pid + " " + name);
  }
}

void add_matching_lines(const fs::path& table, const std::string& kind, const std::string& needle,
                        std::set<std::string>& entries) {
  std::ifstream file(table);
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(needle);
    if (at != std::string::npos)
      entries.insert(kind + " " + line.substr(at, line.find(' ', at) - at));
  }
}

// Everything below `directory`, from a walk during which nothing vanished.
std::vector<fs::directory_entry> entries_below(const fs::path& directory) {
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::vector<fs::directory_entry> entries;
    std::error_code error;
    fs::recursive_directory_iterator at(directory, kOptions, error);
    if (error) return {};  // not there
    for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error))
      entries.push_back(*at);
    if (!error) return entries;
  }
  throw std::runtime_error(directory.string() + " does not hold still");
}

void add_files(const fs::path& directory, std::set<std::string>& entries) {
  for (const auto& entry : entries_below(directory))
    entries.insert("file " + entry.path().string());
}

void add_names(const fs::path& directory, const std::string& kind, std::set<std::string>& entries) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored))
    entries.insert(kind + " " + entry.path().filename().string());
}

// podman's parent of its containers' groups, those of its pods and of conmon: it never removes
// them, with runc neither.
bool is_engines_own(const fs::path& directory) {
  return directory.filename() == "libpod_parent" ||
         (directory.parent_path().filename() == "libpod_parent" &&
          !directory.filename().string().starts_with("libpod-"));
}

// The directories below which whoever started the tests keeps a group for each of its jobs: the
// parents of the tests' own groups, without the hierarchies' roots.
std::set<fs::path> parents_of_own_groups() {
  std::set<fs::path> parents;
  std::ifstream lines("/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const auto controllers = line.find(':') + 1;
    const auto path = line.find(':', controllers) + 1;
    const fs::path parent = fs::path(line.substr(path)).parent_path();
    if (parent == "/" || parent.empty()) continue;
    parents.insert("/sys/fs/cgroup/" + line.substr(controllers, path - 1 - controllers) +
                   parent.string());
  }
  return parents;
}

void add_cgroups(std::set<std::string>& entries) {
  const std::set<fs::path> of_other_jobs = parents_of_own_groups();
  std::error_code ignored;
  for (const auto& entry : entries_below("/sys/fs/cgroup"))
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored) &&
        !is_engines_own(entry.path()) && !of_other_jobs.contains(entry.path().parent_path()))
      entries.insert("cgroup " + entry.path().string());
}

}  // namespace

Snapshot take_snapshot(const fs::path& directory, const std::string& marker) {
  Snapshot snapshot;
  add_processes(marker, snapshot.entries);
  add_matching_lines("/proc/self/mountinfo", "mount", directory.string(), snapshot.entries);
  add_matching_lines("/proc/net/unix", "socket", directory.string(), snapshot.entries);
  add_files(directory, snapshot.entries);
  add_names("/dev/shm", "shm", snapshot.entries);
  snapshot.entries.erase("shm libpod_lock");  // podman's own: its first run on a machine makes it
  add_names("/run/netns", "netns", snapshot.entries);
  add_names("/sys/class/net", "link", snapshot.entries);
  add_names("/proc/self/fd", "descriptor", snapshot.entries);
  add_cgroups(snapshot.entries);
  return snapshot;
}

std::string leaks(const Snapshot& before, const Snapshot& after) {
  std::string found;
  for (const std::string& entry : after.entries)
    if (!before.entries.contains(entry)) found += entry + "\n";
  return found;
}

std::string settled_leaks(const Snapshot& before, const fs::path& directory,
                          const std::string& marker) {
  std::string found;
  eventually(
      [&] {
        found = leaks(before, take_snapshot(directory, marker));
        return found.empty();
      },
      std::chrono::seconds(2));
  return found;
}

}  // namespace kata::test
