// SPDX-License-Identifier: Apache-2.0
//
// The host's KSM for a measurement: its counters, its settings put back at the end, the kernel's
// thread, and our daemon on it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/harness/command.h"

namespace kata::bench {

long long ksm_number(const std::string& key);
void ksm_write(const std::string& key, const std::string& value);
long long ksm_saved_pages();  // shared pages that were given up, and empty ones

double ksmd_cpu_seconds();
double seconds_since(std::chrono::steady_clock::time_point begin);

// Every setting below /sys/kernel/mm/ksm; written back by the destructor. SIGINT and SIGTERM only
// make interrupted() true, so that it runs.
class KsmSettings {
 public:
  KsmSettings();
  ~KsmSettings();
  KsmSettings(const KsmSettings&) = delete;
  KsmSettings& operator=(const KsmSettings&) = delete;
  void put_back() const;
  std::vector<std::string> changed() const;  // "run: 0, now 1"

 private:
  std::map<std::string, std::string> values_{};
};
bool interrupted();

// Until nothing is merged. ksmd gives back what it kept of dead processes only while it scans.
void ksm_forget();

// A directory of root's own, removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_{};
};

// kata-ksm-throttler on the real KSM. `keys` are lines of [memory_dedup.ksm-throttler].
class ThrottlerDaemon {
 public:
  ThrottlerDaemon(const std::filesystem::path& directory, const std::string& keys);
  std::string ask(const std::string& verb) const;
  pid_t pid() const { return daemon_->pid(); }
  bool is_asleep() const;
  int stop();  // by SIGTERM; its exit code

 private:
  std::filesystem::path config_{};
  std::optional<test::Background> daemon_{};
};

}  // namespace kata::bench
