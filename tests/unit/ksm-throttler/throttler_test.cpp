// SPDX-License-Identifier: Apache-2.0
#include "throttler.h"

#include <doctest/doctest.h>

#include <fstream>

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
  std::string get(const std::string& key) const { return KsmDirectory(ksm()).read(key).value(); }
  fs::path ksm() const { return root_.path() / "ksm"; }
  fs::path record() const { return root_.path() / "state/host-settings.json"; }

  Throttler throttler(Policy policy = Policy::kLadder) {
    Settings settings;
    settings.policy = policy;
    settings.sysfs = ksm();
    settings.proc = root_.path() / "proc";
    return {host_, settings, root_.path() / "state"};
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

TEST_CASE("restore without a start is harmless") {
  Tree tree;
  auto throttler = tree.throttler();
  CHECK(throttler.restore().ok());
  CHECK(throttler.restore().ok());
  CHECK(tree.get("pages_to_scan") == "100");
}

TEST_CASE("a setting that somebody else changed is left and ours go back") {
  Tree tree;
  auto throttler = tree.throttler();
  REQUIRE(throttler.boost(kNow).ok());
  tree.set("pages_to_scan", "777");
  CHECK(!throttler.tick(kNow).value());
  CHECK(throttler.stats().value().mode == "aside");
  CHECK(!throttler.boost(kNow).value());
  REQUIRE(throttler.restore().ok());
  CHECK(tree.get("pages_to_scan") == "777");
  CHECK(tree.get("sleep_millisecs") == "20");
  CHECK(tree.get("run") == "0");
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

TEST_CASE("adaptive leaves pages_to_scan to the kernel's advisor") {
  Tree tree;
  tree.set("advisor_mode", "[none] scan-time");
  auto throttler = tree.throttler(Policy::kAdaptive);
  CHECK(throttler.boost(kNow).value() == kNow + std::chrono::seconds(5));
  CHECK(tree.get("advisor_mode") == "scan-time");
  CHECK(tree.get("pages_to_scan") == "100");
  tree.set("full_scans", "3");
  CHECK(!throttler.tick(kNow + std::chrono::seconds(5)).value());
  CHECK(tree.get("advisor_mode") == "none");
  CHECK(tree.get("run") == "0");
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
