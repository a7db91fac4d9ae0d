// SPDX-License-Identifier: Apache-2.0
#include "throttler.h"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <memory>
#include <random>

#include "tests/fakes/quiet_host.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::ksm;
namespace fs = std::filesystem;

namespace {

// A host whose KSM is off, with 4000 anonymous pages of 4 KiB.
class Tree {
 public:
  Tree() {
    for (const char* directory : {"ksm", "proc/pressure", "state"})
      fs::create_directories(root_.path() / directory);
    set("run", "0");
    set("pages_to_scan", "100");
    set("sleep_millisecs", "20");
    for (const char* counter : {"pages_shared", "pages_sharing", "full_scans"}) set(counter, "0");
    std::ofstream(root_.path() / "proc/meminfo") << "AnonPages: 16000 kB\n";
  }

  void set(const std::string& key, const std::string& value) {
    std::ofstream(ksm() / key) << value << '\n';
  }
  void press(const std::string& text) {
    std::ofstream(root_.path() / "proc/pressure/cpu") << text << '\n';
  }
  std::string get(const std::string& key) const { return KsmDirectory(ksm()).read(key).value(); }
  fs::path ksm() const { return root_.path() / "ksm"; }
  fs::path record() const { return root_.path() / "state/host-settings.json"; }

  Throttler throttler(Policy policy = Policy::kLadder, const char* predecessor = "") {
    Settings settings;
    settings.policy = policy;
    settings.sysfs = ksm();
    settings.proc = root_.path() / "proc";
    return {host_, settings, root_.path() / "state", predecessor};
  }

 private:
  TemporaryDirectory root_{};
  fakes::QuietHost host_{};
};

constexpr Deadline kNow{std::chrono::hours(1)};

}  // namespace

TEST_CASE("a start writes nothing and a boost writes the rung aggressive") {
  Tree tree;
  auto throttler = tree.throttler();
  CHECK(throttler.start(kNow).value() == kNow + std::chrono::seconds(120));
  CHECK(tree.get("run") == "0");
  CHECK(throttler.boost(kNow).value() == kNow + std::chrono::seconds(30));
  CHECK(tree.get("run") == "1");
  CHECK(tree.get("pages_to_scan") == "400");
  CHECK(tree.get("sleep_millisecs") == "1");
  CHECK(throttler.stats().value().mode == "aggressive");
}

TEST_CASE("the last tick gives the host its settings back and asks for no other") {
  Tree tree;
  auto throttler = tree.throttler();
  REQUIRE(throttler.boost(kNow).ok());
  CHECK(throttler.tick(kNow).value());
  CHECK(tree.get("pages_to_scan") == "40");
  CHECK(throttler.tick(kNow).value());
  CHECK(tree.get("pages_to_scan") == "8");
  CHECK(!throttler.tick(kNow).value());
  CHECK(tree.get("run") == "0");
  CHECK(tree.get("pages_to_scan") == "100");
  CHECK(tree.get("sleep_millisecs") == "20");
  CHECK(!fs::exists(tree.record()));
}

TEST_CASE("the next start restores what a killed process left") {
  Tree tree;
  REQUIRE(tree.throttler().boost(kNow).ok());
  CHECK(tree.get("run") == "1");
  REQUIRE(tree.throttler().start(kNow).ok());
  CHECK(tree.get("run") == "0");
  CHECK(tree.get("pages_to_scan") == "100");
}

TEST_CASE("after any sequence of calls the host's settings come back and ticks lie ahead") {
  const std::map<std::string, std::string> before{
      {"run", "0"},        {"pages_to_scan", "100"}, {"sleep_millisecs", "20"},
      {"smart_scan", "0"}, {"use_zero_pages", "0"},  {"advisor_mode", "[none] scan-time"}};
  for (unsigned seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    std::minstd_rand random(seed + 1);
    Tree tree;
    for (const auto& [key, value] : before) tree.set(key, value);
    const Policy policy = seed % 2 == 0 ? Policy::kLadder : Policy::kAdaptive;
    std::unique_ptr<Throttler> throttler(new Throttler(tree.throttler(policy)));
    Deadline now = kNow;
    for (int step = 0; step < 30; ++step) {
      now += std::chrono::seconds(random() % 100);
      tree.set("full_scans", std::to_string(step * (random() % 3)));
      tree.press(random() % 2 == 0 ? "some avg10=0.00" : "some avg10=99.00");
      MemoryDedup::Next next;
      switch (random() % 5) {
        case 0:
          next = throttler->boost(now).value();
          break;
        case 1:
          REQUIRE(throttler->restore().ok());
          break;
        case 2:  // killed
          throttler.reset(new Throttler(tree.throttler(policy)));
          next = throttler->start(now).value();
          break;
        default:
          next = throttler->tick(now).value();
      }
      CHECK((!next || *next > now));
    }
    REQUIRE(throttler->restore().ok());
    for (const auto& [key, value] : before)
      CHECK(tree.get(key) == (key == "advisor_mode" ? "none" : value));
  }
}

TEST_CASE("restore without a start is harmless") {
  Tree tree;
  auto throttler = tree.throttler();
  CHECK(throttler.restore().ok());
  CHECK(throttler.restore().ok());
  CHECK(tree.get("pages_to_scan") == "100");
}

TEST_CASE("a setting that somebody else changed is left and ours go back at once") {
  Tree tree;
  auto throttler = tree.throttler();
  REQUIRE(throttler.boost(kNow).ok());
  tree.set("pages_to_scan", "777");
  CHECK(!throttler.tick(kNow).value());
  CHECK(throttler.stats().value().mode == "aside");
  CHECK(tree.get("pages_to_scan") == "777");
  CHECK(tree.get("sleep_millisecs") == "20");
  CHECK(tree.get("run") == "0");
}

TEST_CASE("who stepped aside stays aside and so does its successor") {
  Tree tree;
  auto first = tree.throttler();
  REQUIRE(first.boost(kNow).ok());
  tree.set("run", "2");
  REQUIRE(first.tick(kNow).ok());
  CHECK(!first.boost(kNow).value());
  auto second = tree.throttler(Policy::kLadder, "aside");
  CHECK(!second.start(kNow).value());
  CHECK(!second.boost(kNow).value());
  CHECK(tree.get("run") == "2");
}

TEST_CASE("a successor waits for a boost") {
  Tree tree;
  auto throttler = tree.throttler(Policy::kLadder, "host");
  CHECK(!throttler.start(kNow).value());
  CHECK(throttler.boost(kNow).value());
  CHECK(tree.get("run") == "1");
}

TEST_CASE("extras that the kernel has are used and restored") {
  Tree tree;
  tree.set("smart_scan", "0");
  tree.set("use_zero_pages", "0");
  tree.set("advisor_mode", "none [scan-time]");
  auto throttler = tree.throttler();
  REQUIRE(throttler.boost(kNow).ok());
  CHECK(tree.get("smart_scan") == "1");
  CHECK(tree.get("use_zero_pages") == "1");
  CHECK(tree.get("advisor_mode") == "none");
  REQUIRE(throttler.restore().ok());
  CHECK(tree.get("smart_scan") == "0");
  CHECK(tree.get("use_zero_pages") == "0");
  CHECK(tree.get("advisor_mode") == "scan-time");
}

TEST_CASE("under pressure adaptive leaves pages_to_scan to the kernel's advisor") {
  Tree tree;
  tree.set("advisor_mode", "[none] scan-time");
  tree.press("some avg10=90.00 avg60=0.00 avg300=0.00 total=0");
  auto throttler = tree.throttler(Policy::kAdaptive);
  CHECK(throttler.boost(kNow).value() == kNow + std::chrono::milliseconds(100));
  CHECK(throttler.stats().value().mode == "slow");
  CHECK(tree.get("advisor_mode") == "scan-time");
  CHECK(tree.get("pages_to_scan") == "100");
  tree.set("pages_to_scan", "500");  // as the kernel does
  REQUIRE(throttler.restore().ok());
  CHECK(tree.get("advisor_mode") == "none");
  CHECK(tree.get("pages_to_scan") == "100");
  CHECK(tree.get("run") == "0");
}

TEST_CASE("adaptive rests with the host's settings and looks again") {
  Tree tree;
  auto throttler = tree.throttler(Policy::kAdaptive);
  REQUIRE(throttler.boost(kNow).ok());
  CHECK(tree.get("run") == "1");
  tree.set("full_scans", "3");
  const auto rest = throttler.tick(kNow + std::chrono::seconds(1)).value();
  CHECK(rest == kNow + std::chrono::seconds(11));
  CHECK(throttler.stats().value().mode == "resting");
  CHECK(tree.get("run") == "0");
  CHECK(tree.get("pages_to_scan") == "100");
  CHECK(!fs::exists(tree.record()));
  CHECK(throttler.tick(*rest).value());
  CHECK(tree.get("run") == "1");
}

TEST_CASE("the kernel's zero page counts as memory saved") {
  Tree tree;
  tree.set("ksm_zero_pages", "9000");
  tree.set("general_profit", "-64");
  const DedupStats stats = tree.throttler().stats().value();
  CHECK(stats.zero_pages == 9000);
  CHECK(stats.profit_bytes == -64);
  CHECK(!stats.scanner_cpu_ms);
}

TEST_CASE("a host without KSM is told so") {
  Tree tree;
  fs::remove_all(tree.ksm());
  const auto checked = tree.throttler().check_host();
  REQUIRE(!checked.ok());
  CHECK(checked.error().code == ErrorCode::kNotFound);
  CHECK(!tree.throttler().boost(kNow).ok());
}

TEST_CASE("a KSM file that cannot be written is named") {
  Tree tree;
  fs::remove(tree.ksm() / "sleep_millisecs");
  // Read-only for root too.
  fs::create_symlink("/proc/sys/kernel/ngroups_max", tree.ksm() / "sleep_millisecs");
  const auto checked = tree.throttler().check_host();
  REQUIRE(!checked.ok());
  CHECK(checked.error().code == ErrorCode::kPermission);
  CHECK(checked.error().message.find("sleep_millisecs") != std::string::npos);
}

TEST_CASE("a KSM file that holds no number is refused") {
  for (const char* garbage : {"", "many", "1x", "-1", "99999999999999999999999"}) {
    Tree tree;
    tree.set("pages_to_scan", garbage);
    CHECK(!tree.throttler().check_host().ok());
  }
}

TEST_CASE("a record that is none is refused and changes nothing") {
  for (const char* text :
       {"", "{", "[1]", "{\"a\":1}", R"([{"key":"../../x","before":"1","ours":["2"]}])",
        R"([{"key":"run","before":1,"ours":["2"]}])"}) {
    Tree tree;
    std::ofstream(tree.record()) << text;
    CHECK(!tree.throttler().start(kNow).ok());
    CHECK(tree.get("run") == "0");
    CHECK(fs::exists(tree.record()));
  }
}
