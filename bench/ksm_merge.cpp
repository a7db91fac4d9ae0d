// SPDX-License-Identifier: Apache-2.0
//
// Four processes of 64 MiB, half of it equal in all: how soon each way of driving KSM has merged
// what can be merged, and what ksmd's CPU time is then and after an idle time. One JSON object.
//
//   K1  ours reaches 99 % in at most MAX_TIME times the time of ksmd at 10,000 pages a millisecond
//   K2  ours costs at most MAX_CPU times the CPU seconds of the better of the kernel's advisor and
//       ksmtuned, from the start to the end of the idle time. One that has not merged 99 % by then,
//       (within two minutes at least) has not done the same work and is no measure.
//
//   ksm_merge IDLE_SECONDS MAX_TIME MAX_CPU      exit 1 when one is above its limit
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <thread>

#include "bench/ksm_host.h"

namespace {

using namespace kata;
using namespace kata::bench;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kProcesses = 4;
constexpr std::size_t kSize = 64U << 20, kPage = 4096;
constexpr std::size_t kEqualPages = kSize / kPage / 2;
constexpr long long kAttainable = static_cast<long long>(kEqualPages) * (kProcesses - 1);
constexpr double kShare = 0.99;
constexpr int kPatienceSeconds = 120;

void fill(char* memory, unsigned process) {
  for (std::size_t page = 0; page < kSize / kPage; ++page) {
    const bool equal = page < kEqualPages;
    std::minstd_rand random(static_cast<unsigned>(page * 2 + 1) +
                            (equal ? 0U : (process + 1) * 1'000'003U));
    for (std::size_t at = 0; at < kPage; at += sizeof(std::uint32_t)) {
      const auto word = static_cast<std::uint32_t>(random());
      std::memcpy(memory + page * kPage + at, &word, sizeof word);
    }
  }
}

[[noreturn]] void hold_memory(unsigned process, int ready) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) ::_exit(1);
  ::madvise(memory, kSize, MADV_NOHUGEPAGE);
  fill(static_cast<char*>(memory), process);
  ::madvise(memory, kSize, MADV_MERGEABLE);
  if (::write(ready, "x", 1) != 1) ::_exit(1);
  for (;;) ::pause();
}

class Load {
 public:
  Load() {
    int ends[2];
    if (::pipe(ends) != 0) std::exit(2);
    for (unsigned process = 0; process < kProcesses; ++process) {
      pids_.push_back(::fork());
      if (pids_.back() == 0) hold_memory(process, ends[1]);
    }
    ::close(ends[1]);
    char byte = 0;
    for (int ready = 0; ready < kProcesses; ++ready)
      if (::read(ends[0], &byte, 1) != 1) std::exit(2);
    ::close(ends[0]);
  }
  ~Load() {
    for (const pid_t pid : pids_) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  std::vector<pid_t> pids_{};
};

struct Outcome {
  double seconds = -1;  // until 99 % was merged; -1: never
  double share = 0, cpu_then = 0, cpu_at_end = 0;
};

Outcome measure(const char* name, int idle_seconds, const std::function<void()>& start) {
  const Load load;
  const double cpu = ksmd_cpu_seconds();
  const auto begin = steady_clock::now();
  start();
  Outcome outcome;
  const auto reached = [] {
    return static_cast<double>(ksm_saved_pages()) >= kShare * kAttainable || interrupted();
  };
  const std::chrono::seconds patience(std::max(idle_seconds, kPatienceSeconds));
  if (test::eventually(reached, patience)) outcome.seconds = seconds_since(begin);
  outcome.cpu_then = ksmd_cpu_seconds() - cpu;
  while (seconds_since(begin) < idle_seconds && !interrupted())
    std::this_thread::sleep_for(milliseconds(100));
  outcome.share = static_cast<double>(ksm_saved_pages()) / static_cast<double>(kAttainable);
  outcome.cpu_at_end = ksmd_cpu_seconds() - cpu;
  std::fprintf(stderr, "%-10s 99 %% after %6.2f s and %5.2f s of CPU; after %d s: %.4f, %5.2f s\n",
               name, outcome.seconds, outcome.cpu_then, idle_seconds, outcome.share,
               outcome.cpu_at_end);
  return outcome;
}

Outcome fixed_aggressive() {
  return measure("fixed", 0, [] {
    ksm_write("pages_to_scan", "10000");
    ksm_write("sleep_millisecs", "1");
    ksm_write("run", "1");
  });
}

Outcome advisor(int idle_seconds) {
  return measure("advisor", idle_seconds, [] {
    ksm_write("advisor_mode", "scan-time");
    ksm_write("run", "1");
  });
}

Outcome ours(const Scratch& scratch, int idle_seconds) {
  // What else the machine does is no part of the comparison.
  ThrottlerDaemon daemon(scratch.path(),
                         "policy = \"adaptive\"\nmost_cpu_pressure_percent = 100\ninitial_s = 0\n");
  const Outcome outcome =
      measure("ours", idle_seconds, [&daemon] { static_cast<void>(daemon.ask("kick")); });
  std::fprintf(stderr, "%s", daemon.ask("status").c_str());
  daemon.stop();
  return outcome;
}

// Debian's script with its own defaults, but a threshold that makes it work at all on a host with
// free memory. It is told of the new programs, as its manual says.
std::optional<Outcome> ksmtuned(const Scratch& scratch, int idle_seconds) {
  if (::access("/usr/sbin/ksmtuned", X_OK) != 0) {
    std::fprintf(stderr, "ksmtuned is not installed: no comparison with it\n");
    return std::nullopt;
  }
  const std::string pid_file = scratch.path() / "ksmtuned.pid";
  test::CommandOptions options;
  options.environment = {{"PIDFILE", pid_file}, {"KSM_THRES_COEF", "200"}};
  const auto started = test::run({"/usr/sbin/ksmtuned"}, options);
  pid_t pid = 0;
  std::ifstream(pid_file) >> pid;
  if (started.exit_code != 0 || pid <= 1) {
    std::fprintf(stderr, "ksmtuned does not start: %s\n", started.err.c_str());
    std::exit(2);
  }
  std::this_thread::sleep_for(milliseconds(200));  // until it has set its trap
  const Outcome outcome = measure("ksmtuned", idle_seconds, [pid] { ::kill(pid, SIGUSR1); });
  ::kill(pid, SIGKILL);
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  const int idle_seconds = argc > 1 ? std::atoi(argv[1]) : 120;
  const double max_time = argc > 2 ? std::atof(argv[2]) : 1.2;
  const double max_cpu = argc > 3 ? std::atof(argv[3]) : 0.8;
  const KsmSettings settings;
  const Scratch scratch;
  const auto fresh = [&settings](auto outcome) {
    ksm_forget();
    settings.put_back();
    return outcome;
  };
  const Outcome fixed = fresh(fixed_aggressive());
  const Outcome us = fresh(ours(scratch, idle_seconds));
  const Outcome kernel = fresh(advisor(idle_seconds));
  const std::optional<Outcome> ksmtuned_s = fresh(ksmtuned(scratch, idle_seconds));
  const Outcome tuned = ksmtuned_s.value_or(Outcome{});
  double least_cpu = 0;  // of those that merged as much
  for (const Outcome& peer : {kernel, tuned})
    if (peer.share >= kShare && (least_cpu == 0 || peer.cpu_at_end < least_cpu))
      least_cpu = peer.cpu_at_end;
  const double time_ratio = us.seconds / fixed.seconds;
  const double cpu_ratio = least_cpu == 0 ? 0 : us.cpu_at_end / least_cpu;
  std::printf(
      "{\"bench\":\"ksm_merge\",\"attainable_pages\":%lld,\"idle_s\":%d,\"share\":%.4f,"
      "\"seconds\":%.2f,\"fixed_seconds\":%.2f,\"time_ratio\":%.2f,\"max_time_ratio\":%.2f,"
      "\"cpu_s\":%.2f,\"advisor_cpu_s\":%.2f,\"advisor_share\":%.4f,\"ksmtuned_cpu_s\":%.2f,"
      "\"ksmtuned_share\":%.4f,\"cpu_ratio\":%.2f,\"max_cpu_ratio\":%.2f}\n",
      kAttainable, idle_seconds, us.share, us.seconds, fixed.seconds, time_ratio, max_time,
      us.cpu_at_end, kernel.cpu_at_end, kernel.share, tuned.cpu_at_end, tuned.share, cpu_ratio,
      max_cpu);
  const bool good = us.seconds > 0 && us.share >= kShare && time_ratio <= max_time &&
                    least_cpu > 0 && cpu_ratio <= max_cpu && !interrupted();
  return good ? 0 : 1;
}
