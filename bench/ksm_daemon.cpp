// SPDX-License-Identifier: Apache-2.0
//
// kata-ksm-throttler itself on the host's real KSM: its memory awake and asleep, how often it is
// woken while there is nothing to do, and whether the host's settings come back exactly after a
// SIGTERM and after a SIGKILL and a new start. One JSON object.
//
//   ksm_daemon IDLE_SECONDS MAX_RSS_KIB MAX_PRIVATE_KIB
//
// Exit 1 when the sleeping daemon is above a limit, was woken, or a setting differs. "Private" is
// memory that is nobody else's and cannot be dropped: RssAnon.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "bench/ksm_host.h"
#include "kata/concat.h"

namespace {

using namespace kata;
using namespace kata::bench;

constexpr const char* kKeys = "initial_s = 0\n";
constexpr std::chrono::seconds kPatience{20};

long number_in(const std::string& file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(key + ":")) return std::atol(line.c_str() + key.size() + 1);
  return -1;
}

struct Memory {
  long rss = -1, anonymous = -1, clean = -1;  // KiB
};

Memory memory_of(pid_t pid) {
  const std::string directory = concat("/proc/", pid);
  return {number_in(directory + "/status", "VmRSS"), number_in(directory + "/status", "RssAnon"),
          number_in(directory + "/smaps_rollup", "Private_Clean")};
}

long switches(pid_t pid) {
  const std::string status = concat("/proc/", pid, "/status");
  return number_in(status, "voluntary_ctxt_switches") +
         number_in(status, "nonvoluntary_ctxt_switches");
}

bool restored(const KsmSettings& settings, const char* after) {
  for (const std::string& line : settings.changed())
    std::fprintf(stderr, "not restored after %s: %s\n", after, line.c_str());
  return settings.changed().empty();
}

bool restores_after_sigkill(const KsmSettings& settings, const Scratch& scratch) {
  {
    const ThrottlerDaemon killed(scratch.path(), kKeys);
    static_cast<void>(killed.ask("kick"));
    if (settings.changed().empty()) std::fprintf(stderr, "a kick changed nothing\n");
  }  // its destructor sends SIGKILL
  const bool left = !settings.changed().empty();
  ThrottlerDaemon next(scratch.path(), kKeys);
  const bool exact = restored(settings, "SIGKILL and a new start");
  next.stop();
  return left && exact;
}

}  // namespace

int main(int argc, char** argv) {
  const int idle_seconds = argc > 1 ? std::atoi(argv[1]) : 60;
  const long max_rss = argc > 2 ? std::atol(argv[2]) : 1024;
  const long max_private = argc > 3 ? std::atol(argv[3]) : 200;
  const KsmSettings settings;
  const Scratch scratch;
  ThrottlerDaemon daemon(scratch.path(), kKeys);
  const Memory awake = memory_of(daemon.pid());
  const bool asleep = test::eventually([&] { return daemon.is_asleep(); }, kPatience);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const Memory idle = memory_of(daemon.pid());
  const long before = switches(daemon.pid());
  std::this_thread::sleep_for(std::chrono::seconds(idle_seconds));
  const long woken = switches(daemon.pid()) - before;
  static_cast<void>(daemon.ask("kick"));
  const bool stopped = daemon.stop() == 0;
  const bool exact = restored(settings, "SIGTERM");
  const bool exact_after_kill = restores_after_sigkill(settings, scratch);
  std::printf(
      "{\"bench\":\"ksm_daemon\",\"awake_rss_kib\":%ld,\"awake_anon_kib\":%ld,"
      "\"asleep\":%s,\"rss_kib\":%ld,\"anon_kib\":%ld,\"private_clean_kib\":%ld,\"idle_s\":%d,"
      "\"wake_ups\":%ld,\"restored_after_sigterm\":%s,\"restored_after_sigkill\":%s,"
      "\"max_rss_kib\":%ld,\"max_private_kib\":%ld}\n",
      awake.rss, awake.anonymous, asleep ? "true" : "false", idle.rss, idle.anonymous, idle.clean,
      idle_seconds, woken, exact ? "true" : "false", exact_after_kill ? "true" : "false", max_rss,
      max_private);
  const bool small = asleep && idle.rss <= max_rss && idle.anonymous <= max_private;
  return small && woken == 0 && stopped && exact && exact_after_kill ? 0 : 1;
}
