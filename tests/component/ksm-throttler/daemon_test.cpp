// SPDX-License-Identifier: Apache-2.0
//
// The daemon and the plugin as they are installed, on a KSM directory of the test's own.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "kata/child_process.h"
#include "kata/unix_socket.h"
#include "sandbox/dedup_kick.h"
#include "tests/temporary_directory.h"

using namespace kata;
namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{20};

struct Output {
  int code = 0;
  std::string text{};
};

class Host {
 public:
  explicit Host(const std::string& more = "") {
    ::chmod(root().c_str(), 0700);
    for (const char* directory : {"ksm", "proc"}) fs::create_directory(root() / directory);
    set("run", "0");
    set("pages_to_scan", "100");
    set("sleep_millisecs", "20");
    set("pages_shared", "3");
    set("pages_sharing", "512");
    set("full_scans", "7");
    std::ofstream(root() / "proc/meminfo") << "AnonPages: 16000 kB\n";
    std::ofstream(config()) << "[plugins]\nmemory_dedup = \"ksm-throttler\"\ndirectory = \""
                            << KATA_PLUGINS << "\"\n[memory_dedup.ksm-throttler]\n"
                            << "sysfs_directory = \"" << (root() / "ksm").string()
                            << "\"\nproc_directory = \"" << (root() / "proc").string()
                            << "\"\nrun_directory = \"" << run_directory().string()
                            << "\"\ninitial_s = 0\n"
                            << more;
    ::chmod(config().c_str(), 0600);
  }

  fs::path root() const { return root_.path(); }
  fs::path run_directory() const { return root() / "run"; }
  fs::path config() const { return root() / "configuration.toml"; }
  void set(const std::string& key, const std::string& value) {
    std::ofstream(root() / "ksm" / key) << value << '\n';
  }
  std::string get(const std::string& key) const {
    std::string word;
    std::ifstream(root() / "ksm" / key) >> word;
    return word;
  }

  ChildProcess spawn(const std::string& verb, const std::vector<std::string>& more = {}) const {
    const UniqueFd out(
        ::open((root() / (verb + ".out")).c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    std::vector<std::string> words{KATA_KSM_THROTTLER, verb, "--config", config().string()};
    words.insert(words.end(), more.begin(), more.end());
    auto child = ChildProcess::spawn({words, {{out.get(), 1}, {out.get(), 2}}});
    REQUIRE(child.ok());
    return child.take();
  }

  Output ask(const std::string& verb) const {
    auto child = spawn(verb);
    const auto ended = child.wait(Clock::now() + kPatience);
    REQUIRE(ended.ok());
    REQUIRE(ended.value());
    std::ostringstream text;
    text << std::ifstream(root() / (verb + ".out")).rdbuf();
    return {ended.value()->code, text.str()};
  }

  ChildProcess started_daemon(const std::vector<std::string>& more = {}) const {
    auto daemon = spawn("run", more);
    const auto deadline = Clock::now() + kPatience;
    while (ask("status").code != 0) REQUIRE(Clock::now() < deadline);
    return daemon;
  }

  bool soon(const std::string& key, const std::string& value) const {
    const auto deadline = Clock::now() + kPatience;
    while (get(key) != value && Clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return get(key) == value;
  }

 private:
  TemporaryDirectory root_{};
};

int stop(ChildProcess& daemon, int signal) {
  return daemon.terminate(signal, Clock::now() + kPatience).value().code;
}

template <class Condition>
bool soon(Condition holds) {
  const auto deadline = Clock::now() + kPatience;
  while (!holds() && Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return holds();
}

// Of /proc/<pid>/status; -1 when there is none.
long status_number(const ChildProcess& process, const std::string& key) {
  std::ifstream status(concat("/proc/", process.pid(), "/status"));
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key + ":")) return std::stol(line.substr(key.size() + 1));
  return -1;
}

bool is_asleep(const ChildProcess& process) {
  std::error_code error;
  const auto program = fs::read_symlink(concat("/proc/", process.pid(), "/exe"), error);
  return !error && program.filename() == "kata-ksm-throttler-asleep";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a kick makes KSM scan hard and SIGTERM restores the host's settings") {
  for (const int signal : {SIGTERM, SIGINT}) {
    Host host;
    auto daemon = host.started_daemon();
    CHECK(host.get("run") == "0");
    CHECK(host.ask("kick").code == 0);
    CHECK(host.get("run") == "1");
    CHECK(host.get("pages_to_scan") == "400");
    CHECK(stop(daemon, signal) == 0);
    CHECK(host.get("run") == "0");
    CHECK(host.get("pages_to_scan") == "100");
    CHECK(host.get("sleep_millisecs") == "20");
  }
}

TEST_CASE("a daemon after a killed one restores what that one left") {
  Host host;
  auto killed = host.started_daemon();
  REQUIRE(host.ask("kick").code == 0);
  CHECK(stop(killed, SIGKILL) == 128 + SIGKILL);
  CHECK(host.get("run") == "1");
  auto daemon = host.started_daemon();
  CHECK(host.get("run") == "0");
  CHECK(host.get("pages_to_scan") == "100");
  CHECK(stop(daemon, SIGTERM) == 0);
}

TEST_CASE("the clock leads from a kick back to the host's settings") {
  Host host("aggressive_s = 1\nstandard_s = 1\nslow_s = 1\n");
  auto daemon = host.started_daemon();
  REQUIRE(host.ask("kick").code == 0);
  CHECK(host.soon("pages_to_scan", "8"));
  CHECK(host.soon("pages_to_scan", "100"));
  CHECK(has(host.ask("status").text, "asleep until a kick"));
  CHECK(stop(daemon, SIGTERM) == 0);
}

TEST_CASE("status and metrics tell what merging saves") {
  Host host;
  auto daemon = host.started_daemon();
  REQUIRE(host.ask("kick").code == 0);
  const Output status = host.ask("status");
  CHECK(has(status.text, "mode:         aggressive\n"));
  CHECK(has(status.text, "saved:        2 MiB (512 pages, and 0 empty ones)\n"));
  const Output metrics = host.ask("metrics");
  CHECK(has(metrics.text, "\nkata_ksm_saved_bytes 2097152\n"));
  CHECK(has(metrics.text, "\nkata_ksm_kicks_total 1\n"));
  CHECK(stop(daemon, SIGTERM) == 0);
}

TEST_CASE("a second daemon on one directory is refused") {
  Host host;
  auto daemon = host.started_daemon();
  const Output second = host.ask("run");
  CHECK(second.code == 1);
  CHECK(has(second.text, "another kata-ksm-throttler"));
  CHECK(host.ask("status").code == 0);
  CHECK(stop(daemon, SIGTERM) == 0);
}

TEST_CASE("a host without KSM ends the daemon with the reason") {
  Host host;
  fs::remove_all(host.root() / "ksm");
  const Output ended = host.ask("run");
  CHECK(ended.code == 1);
  CHECK(has(ended.text, "this kernel has no KSM"));
}

TEST_CASE("an idle daemon is a small program that nothing wakes") {
  Host host;
  auto daemon = host.started_daemon();
  REQUIRE(soon([&] { return is_asleep(daemon); }));
  // It goes to poll(2) within milliseconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const long before = status_number(daemon, "voluntary_ctxt_switches");
  std::this_thread::sleep_for(std::chrono::seconds(2));
  CHECK(before > 0);
  CHECK(status_number(daemon, "voluntary_ctxt_switches") == before);
  CHECK(status_number(daemon, "VmRSS") <= 1024);
  CHECK(status_number(daemon, "RssAnon") <= 200);
  CHECK(stop(daemon, SIGTERM) == 0);
  CHECK(!fs::exists(host.run_directory() / "ksm.sock"));
}

TEST_CASE("a daemon that was asleep remembers what it has done") {
  Host host("aggressive_s = 1\nstandard_s = 1\nslow_s = 1\n");
  auto daemon = host.started_daemon();
  REQUIRE(soon([&] { return is_asleep(daemon); }));
  REQUIRE(host.ask("kick").code == 0);
  CHECK(host.get("run") == "1");
  host.set("pages_sharing", "51200");
  CHECK(!is_asleep(daemon));
  REQUIRE(soon([&] { return is_asleep(daemon); }));
  CHECK(host.get("run") == "0");
  const Output status = host.ask("status");
  CHECK(has(status.text, "kicks:        1\n"));
  CHECK(has(status.text, "at most 200 MiB:\n|"));
  CHECK(stop(daemon, SIGINT) == 0);
}

TEST_CASE("who stepped aside stays aside through a sleep") {
  Host host("aggressive_s = 1\n");
  auto daemon = host.started_daemon();
  REQUIRE(host.ask("kick").code == 0);
  host.set("pages_to_scan", "777");
  REQUIRE(soon([&] { return is_asleep(daemon); }));
  CHECK(host.get("run") == "0");
  CHECK(host.ask("kick").code == 0);
  CHECK(host.get("run") == "0");
  CHECK(has(host.ask("status").text, "mode:         aside\n"));
  CHECK(stop(daemon, SIGTERM) == 0);
  CHECK(host.get("pages_to_scan") == "777");
}

TEST_CASE("a kick whose caller does not wait for the reply counts") {
  Host host;
  auto daemon = host.started_daemon();
  config::Config config;
  config.dedup.run_directory = host.run_directory();
  const auto kicks = [&host](int count) {
    return has(host.ask("status").text, concat("kicks:        ", count, "\n"));
  };
  for (int count = 1; count <= 20; ++count) {
    sandbox::kick_memory_dedup(config);
    CHECK(soon([&] { return kicks(count); }));
  }
  CHECK(stop(daemon, SIGTERM) == 0);
}

TEST_CASE("a new entry of the watched directory kicks a sleeping daemon too") {
  Host host;
  const fs::path sandboxes = host.root() / "vc/sbs";
  auto daemon = host.started_daemon({"--watch", sandboxes.string()});
  fs::create_directories(sandboxes);
  REQUIRE(soon([&] { return is_asleep(daemon); }));
  CHECK(host.get("run") == "0");
  fs::create_directory(sandboxes / "sandbox");
  CHECK(host.soon("run", "1"));
  CHECK(stop(daemon, SIGTERM) == 0);
  CHECK(host.get("run") == "0");
}

TEST_CASE("a KSM file that vanishes fails the kick by name and not the daemon") {
  Host host;
  auto daemon = host.started_daemon();
  fs::remove(host.root() / "ksm/sleep_millisecs");
  const Output kick = host.ask("kick");
  CHECK(kick.code == 1);
  CHECK(has(kick.text, "ksm/sleep_millisecs"));
  CHECK(has(host.ask("status").text, "failures:     1\n"));
  host.set("sleep_millisecs", "20");
  CHECK(host.ask("kick").code == 0);
  CHECK(host.get("run") == "1");
  CHECK(stop(daemon, SIGTERM) == 0);
  CHECK(host.get("sleep_millisecs") == "20");
}

TEST_CASE("systemd hears that the daemon is ready once and that it stops") {
  Host host;
  const sockaddr_un address = socket_address(host.root() / "notify").value();
  const UniqueFd systemd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  REQUIRE(::bind(systemd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::setenv("NOTIFY_SOCKET", address.sun_path, 1);
  auto daemon = host.started_daemon();
  ::unsetenv("NOTIFY_SOCKET");
  REQUIRE(soon([&] { return is_asleep(daemon); }));
  REQUIRE(host.ask("kick").code == 0);
  CHECK(stop(daemon, SIGTERM) == 0);
  std::vector<std::string> heard;
  char text[64];
  for (ssize_t got = 0; (got = ::recv(systemd.get(), text, sizeof text, 0)) > 0;)
    heard.emplace_back(text, static_cast<std::size_t>(got));
  CHECK(heard == std::vector<std::string>{"READY=1", "STOPPING=1"});
}

TEST_CASE("verbs without a daemon say so") {
  Host host;
  const Output status = host.ask("status");
  CHECK(status.code == 1);
  CHECK(has(status.text, "is 'kata-ksm-throttler run' running?"));
}
