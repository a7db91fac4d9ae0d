// SPDX-License-Identifier: Apache-2.0
//
// Four identical sandboxes: the proportional memory of their VMMs before KSM has looked at them and
// after our daemon has, and which share of all equal and empty pages that memory is. One JSON
// object; with FILE, a line of CSV every half second for bench/ksm_plot.py.
//
//   ksm_density SETTLE_SECONDS MIN_SHARE MAX_PSS_RATIO [FILE]      exit 1 beyond a limit
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "bench/ksm_host.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

namespace {

using namespace kata;
using namespace kata::bench;
using std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr int kSandboxes = 4;
constexpr std::size_t kPage = 4096;
constexpr double kMib = 1U << 20;
constexpr std::uint64_t kPresent = 1ULL << 63U;

struct Range {
  std::uint64_t begin = 0, end = 0;
};

// The mappings that are open to KSM: those with "mg" among their VmFlags.
std::vector<Range> mergeable_ranges(pid_t pid) {
  std::vector<Range> ranges;
  std::ifstream smaps(concat("/proc/", pid, "/smaps"));
  Range range;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long long begin = 0, end = 0;
    if (line.find(':') > line.find('-') &&
        std::sscanf(line.c_str(), "%llx-%llx ", &begin, &end) == 2)
      range = {begin, end};
    else if (line.starts_with("VmFlags:") && line.find(" mg") != std::string::npos)
      ranges.push_back(range);
  }
  return ranges;
}

struct Contents {
  std::unordered_map<std::uint64_t, long long> copies{};
  long long empty = 0;

  void add(std::string_view page) {
    if (page.find_first_not_of('\0') == std::string_view::npos)
      ++empty;
    else
      ++copies[std::hash<std::string_view>()(page)];
  }
  // Of equal pages one is kept; of empty ones none, for the kernel has one.
  long long attainable() const {
    long long pages = empty;
    for (const auto& [hash, count] : copies) pages += count - 1;
    return pages;
  }
};

void add_contents(pid_t pid, Contents& contents) {
  const UniqueFd memory(::open(concat("/proc/", pid, "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd map(::open(concat("/proc/", pid, "/pagemap").c_str(), O_RDONLY | O_CLOEXEC));
  std::string page(kPage, '\0');
  for (const Range& range : mergeable_ranges(pid))
    for (std::uint64_t at = range.begin; at < range.end; at += kPage) {
      std::uint64_t entry = 0;
      const auto place = static_cast<off_t>(at / kPage * sizeof entry);
      if (::pread(map.get(), &entry, sizeof entry, place) != sizeof entry) break;
      if ((entry & kPresent) == 0) continue;
      if (::pread(memory.get(), page.data(), kPage, static_cast<off_t>(at)) == kPage)
        contents.add(page);
    }
}

class Sandboxes {
 public:
  explicit Sandboxes(const fs::path& kick_directory) {
    fs::create_directory(runtime_.directory() / "config.d");
    std::ofstream(runtime_.directory() / "config.d/ksm.toml")
        << "[plugins]\nshared_filesystem = \"9p\"\nmemory_dedup = \"ksm-throttler\"\n"
        << "[hypervisor.qemu]\ntcg_tb_size = 12\n"  // as docs/memory-dedup.md advises
        << "[memory_dedup.ksm-throttler]\nrun_directory = \"" << kick_directory.string() << "\"\n";
    fs::permissions(runtime_.directory() / "config.d", fs::perms::owner_all);
    fs::permissions(runtime_.directory() / "config.d/ksm.toml",
                    fs::perms::owner_read | fs::perms::owner_write);
  }

  void start(int number) {
    const std::string name = concat("s", number);
    const fs::path bundle = runtime_.make(name, test::default_spec({"/bin/sleep", "10000"}));
    const auto run = runtime_({"run", "--detach", "--bundle", bundle.string(), name});
    if (run.exit_code != 0) {
      std::fprintf(stderr, "start sandbox: %s%s\n", run.out.c_str(), run.err.c_str());
      std::exit(2);
    }
    std::ifstream record(runtime_.root() / name / "sandbox.json");
    pids_.push_back(nlohmann::json::parse(record).at("vmm").at("pid"));
  }

  double pss_mib() const {
    long long kib = 0;
    for (const pid_t pid : pids_) {
      std::ifstream rollup(concat("/proc/", pid, "/smaps_rollup"));
      for (std::string line; std::getline(rollup, line);)
        if (line.starts_with("Pss:")) kib += std::atoll(line.c_str() + 4);
    }
    return static_cast<double>(kib) / 1024;
  }

  long long attainable_pages() const {
    Contents contents;
    for (const pid_t pid : pids_) add_contents(pid, contents);
    return contents.attainable();
  }

 private:
  test::Runtime runtime_{};
  std::vector<pid_t> pids_{};
};

// A point of the plot, every half second until the time is up or `done` holds.
class Recorder {
 public:
  Recorder(const Sandboxes& sandboxes, const char* file) : sandboxes_(sandboxes) {
    if (file == nullptr) return;
    csv_.open(file);
    csv_ << "seconds,pss_mib,saved_mib,ksmd_cpu_seconds\n";
  }
  void point() {
    if (csv_.is_open())
      csv_ << seconds_since(begin_) << ',' << sandboxes_.pss_mib() << ','
           << static_cast<double>(ksm_saved_pages()) * kPage / kMib << ','
           << ksmd_cpu_seconds() - cpu_ << '\n';
  }
  void record(double seconds) {
    const auto until = seconds_since(begin_) + seconds;
    while (seconds_since(begin_) < until && !interrupted()) {
      point();
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
  }

 private:
  const Sandboxes& sandboxes_;
  std::ofstream csv_{};
  steady_clock::time_point begin_ = steady_clock::now();
  double cpu_ = ksmd_cpu_seconds();
};

struct Limits {
  int settle_seconds = 60;
  double min_share = 0.99, max_ratio = 0.6;
};

bool measure(const Limits& limits, const char* file) {
  const Scratch scratch;
  const double cpu = ksmd_cpu_seconds();
  Sandboxes sandboxes(scratch.path() / "ksm");
  Recorder recorder(sandboxes, file);
  for (int number = 1; number <= kSandboxes; ++number) {
    sandboxes.start(number);
    recorder.record(1);
  }
  recorder.record(10);
  const double before = sandboxes.pss_mib();
  ThrottlerDaemon daemon(scratch.path(),
                         "policy = \"adaptive\"\nmost_cpu_pressure_percent = 100\ninitial_s = 0\n");
  static_cast<void>(daemon.ask("kick"));
  recorder.record(limits.settle_seconds);
  const double after = sandboxes.pss_mib();
  const long long saved = ksm_saved_pages(), attainable = sandboxes.attainable_pages();
  // By PSS: when KSM splits a huge page, its empty parts go to the kernel's zero page uncounted.
  const double share =
      (before - after) * kMib / kPage / static_cast<double>(std::max(attainable, 1LL));
  std::fprintf(stderr, "%s", daemon.ask("status").c_str());
  daemon.stop();
  std::printf(
      "{\"bench\":\"ksm_density\",\"sandboxes\":%d,\"pss_before_mib\":%.1f,\"pss_after_mib\":%.1f,"
      "\"pss_ratio\":%.3f,\"max_pss_ratio\":%.2f,\"saved_pages\":%lld,\"pages_sharing\":%lld,"
      "\"zero_pages\":%lld,\"attainable_pages\":%lld,\"share\":%.4f,\"min_share\":%.2f,"
      "\"settle_s\":%d,\"ksmd_cpu_s\":%.2f}\n",
      kSandboxes, before, after, after / before, limits.max_ratio, saved,
      ksm_number("pages_sharing"), ksm_number("ksm_zero_pages"), attainable, share,
      limits.min_share, limits.settle_seconds, ksmd_cpu_seconds() - cpu);
  return share >= limits.min_share && after <= limits.max_ratio * before && !interrupted();
}

}  // namespace

int main(int argc, char** argv) {
  ::setenv("KATA_TEST_SHARED_FILESYSTEM", "9p", 1);  // the harness takes a guest that has it
  const KsmSettings settings;
  Limits limits;
  if (argc > 1) limits.settle_seconds = std::atoi(argv[1]);
  if (argc > 2) limits.min_share = std::atof(argv[2]);
  if (argc > 3) limits.max_ratio = std::atof(argv[3]);
  const bool good = measure(limits, argc > 4 ? argv[4] : nullptr);
  ksm_forget();
  return good ? 0 : 1;
}
