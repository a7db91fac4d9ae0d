// SPDX-License-Identifier: Apache-2.0
#include "bench/ksm_host.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "kata/concat.h"

namespace kata::bench {

namespace fs = std::filesystem;

namespace {

constexpr const char* kDirectory = "/sys/kernel/mm/ksm/";
// In the order in which they can be written: the advisor refuses pages_to_scan.
constexpr const char* kSettings[] = {"run",
                                     "advisor_mode",
                                     "pages_to_scan",
                                     "sleep_millisecs",
                                     "smart_scan",
                                     "use_zero_pages",
                                     "advisor_target_scan_time",
                                     "max_page_sharing",
                                     "merge_across_nodes"};
volatile std::sig_atomic_t stopped = 0;

std::string ksm_text(const std::string& key) {
  std::string text;
  std::getline(std::ifstream(kDirectory + key), text);
  const auto from = text.find('['), to = text.find(']');
  return from == std::string::npos ? text : text.substr(from + 1, to - from - 1);
}

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

std::string find_ksmd() {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    if (name == "ksmd") return entry.path() / "stat";
  }
  fail("there is no ksmd: this kernel has no KSM, or its /proc shows no kernel threads");
}

}  // namespace

long long ksm_number(const std::string& key) {
  const std::string text = ksm_text(key);
  return text.empty() ? 0 : std::stoll(text);
}

void ksm_write(const std::string& key, const std::string& value) {
  if (!(std::ofstream(kDirectory + key) << value << std::flush))
    fail(concat("write ", value, " to ", kDirectory, key, ": it needs root and a writable /sys"));
}

long long ksm_saved_pages() { return ksm_number("pages_sharing") + ksm_number("ksm_zero_pages"); }

double ksmd_cpu_seconds() {
  static const std::string file = find_ksmd();
  std::string word;
  std::ifstream stat(file);
  for (int skipped = 0; skipped < 13; ++skipped) stat >> word;
  double user = 0, system = 0;
  stat >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

KsmSettings::KsmSettings() {
  for (const char* key : kSettings)
    if (fs::exists(fs::path(kDirectory) / key)) values_[key] = ksm_text(key);
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stopped = 1; });
}

KsmSettings::~KsmSettings() { put_back(); }

void KsmSettings::put_back() const {
  const bool advised = values_.count("advisor_mode") != 0 && values_.at("advisor_mode") != "none";
  if (values_.count("advisor_mode") != 0) ksm_write("advisor_mode", "none");
  for (const char* key : kSettings) {
    const auto value = values_.find(key);
    if (value == values_.end() || ksm_text(key) == value->second) continue;
    if (advised && value->first == "pages_to_scan") continue;
    ksm_write(key, value->second);
  }
}

std::vector<std::string> KsmSettings::changed() const {
  std::vector<std::string> lines;
  for (const auto& [key, value] : values_)
    if (ksm_text(key) != value) lines.push_back(concat(key, ": ", value, ", now ", ksm_text(key)));
  return lines;
}

void ksm_forget() {
  ksm_write("run", "1");
  const bool gone =
      test::eventually([] { return ksm_saved_pages() == 0; }, std::chrono::seconds(30));
  ksm_write("run", "0");
  if (!gone) std::fprintf(stderr, "%lld pages of others are merged\n", ksm_saved_pages());
}

bool interrupted() { return stopped != 0; }

Scratch::Scratch() {
  char name[] = "/run/kata-bench.XXXXXX";
  if (::mkdtemp(name) == nullptr) fail("make a directory below /run: it needs root");
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

ThrottlerDaemon::ThrottlerDaemon(const fs::path& directory, const std::string& keys)
    : config_(directory / "ksm.toml") {
  std::ofstream(config_) << "[plugins]\nmemory_dedup = \"ksm-throttler\"\ndirectory = \""
                         << KATA_PLUGIN_DIR << "\"\n[memory_dedup.ksm-throttler]\n"
                         << "run_directory = \"" << (directory / "ksm").string() << "\"\n"
                         << keys;
  ::chmod(config_.c_str(), 0600);
  daemon_.emplace(std::vector<std::string>{KATA_KSM_THROTTLER, "run", "--config", config_.string()},
                  test::CommandOptions{}, (directory / "ksm.log").string());
  if (!test::eventually([this] { return !ask("status").empty(); }, std::chrono::seconds(10))) {
    std::stringstream log;
    log << std::ifstream(directory / "ksm.log").rdbuf();
    fail("kata-ksm-throttler does not start: " + log.str());
  }
}

std::string ThrottlerDaemon::ask(const std::string& verb) const {
  const auto asked = test::run({KATA_KSM_THROTTLER, verb, "--config", config_.string()});
  return asked.exit_code == 0 ? asked.out + "\n" : std::string();
}

bool ThrottlerDaemon::is_asleep() const {
  std::error_code error;
  const auto program = fs::read_symlink(concat("/proc/", pid(), "/exe"), error);
  return !error && program.filename() == "kata-ksm-throttler-asleep";
}

int ThrottlerDaemon::stop() {
  ::kill(pid(), SIGTERM);
  const int code = daemon_->wait(std::chrono::seconds(10));
  daemon_.reset();
  return code;
}

}  // namespace kata::bench
