// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/sandbox_cost.h"

#include <sys/resource.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/agent/fail.h"
#include "bench/agent/floors.h"
#include "kata/concat.h"

namespace kata::bench {

namespace fs = std::filesystem;

namespace {

double ms_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
}

pid_t parent_of(const fs::path& process) {
  std::ifstream file(process / "stat");
  std::string text;
  std::getline(file, text);
  std::istringstream after(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  char state = 0;
  pid_t parent = -1;
  after >> state >> parent;
  return parent;
}

void add_descendants(pid_t of, pid_t but, std::vector<pid_t>& pids) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (std::isdigit(static_cast<unsigned char>(name[0])) == 0) continue;
    const pid_t pid = std::stoi(name);
    if (pid == but || parent_of(entry.path()) != of) continue;
    pids.push_back(pid);
    add_descendants(pid, but, pids);
  }
}

nlohmann::json record(const fs::path& file) {
  std::ifstream in(file);
  auto json = nlohmann::json::parse(in, nullptr, false);
  if (!json.is_object()) fail(concat("read '", file, "'"));
  return json;
}

}  // namespace

double cpu_ms_of(const std::vector<std::string>& argv) {
  const rusage used = run_and_wait(argv);
  return ms_of(used.ru_utime) + ms_of(used.ru_stime);
}

std::vector<pid_t> helpers_of_sandbox(const fs::path& root, const std::string& id) {
  const auto sandbox = record(root / id / "sandbox.json");
  const pid_t proxy = sandbox.at("proxy").at("pid");
  std::vector<pid_t> pids = {proxy, record(root / id / "container.json").at("shim").at("pid")};
  add_descendants(proxy, sandbox.at("vmm").at("pid"), pids);
  return pids;
}

double cpu_ms_so_far(const std::vector<pid_t>& pids) {
  double nanoseconds = 0;
  std::error_code ignored;
  for (const pid_t pid : pids)
    for (const auto& task : fs::directory_iterator(concat("/proc/", pid, "/task"), ignored)) {
      std::ifstream file(task.path() / "schedstat");
      double ran = 0;
      file >> ran;
      nanoseconds += ran;
    }
  return nanoseconds / 1e6;
}

double pss_mib(const std::vector<pid_t>& pids) {
  double kib = 0;
  for (const pid_t pid : pids) {
    std::ifstream file(concat("/proc/", pid, "/smaps_rollup"));
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("Pss:")) kib += std::atof(line.c_str() + 4);
  }
  return kib / 1024;
}

}  // namespace kata::bench
