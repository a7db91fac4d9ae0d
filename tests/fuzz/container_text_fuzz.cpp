// SPDX-License-Identifier: Apache-2.0
//
// Files that a container writes, or whose words it chooses, and that the agent reads: cgroup files,
// a process's name and arguments, passwd. The pieces of the input, cut at each 0xff, are their
// contents.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "agent.pb.h"
#include "agent/container/cgroup.h"
#include "agent/container/process_plan.h"
#include "agent/container/stats.h"
#include "agent/container/users.h"
#include "agent/process_list.h"
#include "containment.h"
#include "kata/unique_fd.h"

using namespace kata;
using namespace kata::agent;

namespace {

namespace fs = std::filesystem;

void require(bool held) {
  if (!held) std::abort();
}

constexpr const char* kCgroupFiles[] = {"cgroup.procs",
                                        "cgroup.freeze",
                                        "cgroup.events",
                                        "freezer.state",
                                        "cpu.stat",
                                        "memory.stat",
                                        "memory.max",
                                        "memory.events",
                                        "memory.usage_in_bytes",
                                        "io.stat",
                                        "pids.current",
                                        "pids.max",
                                        "cpuacct.usage",
                                        "cpuacct.usage_percpu",
                                        "cpuacct.stat",
                                        "hugetlb.2MB.current",
                                        "hugetlb.2MB.usage_in_bytes",
                                        "blkio.throttle.io_service_bytes_recursive",
                                        "blkio.bfq.time_recursive"};
constexpr const char* kProcessFiles[] = {"stat", "status", "cmdline"};

// Made once and filled for each input; /run is memory that goes with the process.
class Files {
 public:
  Files() {
    for (const char* directory : {"group/box", "7", "etc"})
      fs::create_directories(root_ / directory);
  }

  void fill(std::string_view input) {
    rest_ = input;
    for (const char* file : kCgroupFiles) write(root_ / "group/box" / file);
    for (const char* file : kProcessFiles) write(root_ / "7" / file);
    write(root_ / "uptime");
    write(root_ / "etc/passwd");
    write(root_ / "etc/group");
  }
  const fs::path& root() const { return root_; }

 private:
  void write(const fs::path& path) {
    const std::size_t end = rest_.find('\xff');
    const std::string_view piece = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    require(fd &&
            ::write(fd.get(), piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()));
  }

  const fs::path root_ = "/run/kata-fuzz";
  std::string_view rest_{};
};

void read_cgroup(const Cgroup& cgroup) {
  grpc::CgroupStats stats;
  read_cgroup_stats(cgroup, stats);
  std::string bytes;
  require(stats.SerializeToString(&bytes));
  (void)cgroup.frozen();
  const auto pids = processes_of(cgroup);
  if (pids.ok())
    for (const pid_t pid : pids.value()) require(pid > 0);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  fuzz::contain();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Files files;
  files.fill({reinterpret_cast<const char*>(data), size});
  const fs::path group = files.root() / "group";
  read_cgroup(*make_cgroup_v2(group, "/box"));
  read_cgroup(*make_cgroup_v1({{"memory", group},
                               {"cpu,cpuacct", group},
                               {"blkio", group},
                               {"freezer", group},
                               {"pids", group},
                               {"hugetlb", group}},
                              "/box"));
  const auto listed =
      nlohmann::json::parse(process_list_json({7, 8}, files.root()), nullptr, false);
  require(listed.is_object() && listed["processes"].size() <= 1);
  const UniqueFd root(::open(files.root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string home = home_directory(root.get(), 0);
  require(home.starts_with('/') && home.find_first_of(std::string_view("\n\0", 2)) == home.npos);
  for (const char* user : {"root", "7"}) {
    ProcessPlan plan;
    const auto found = find_user(root.get(), {user, "", {"wheel"}}, plan);
    require(!found.ok() || (plan.uid != 0xffffffff && plan.gid != 0xffffffff));
  }
  return 0;
}
