// SPDX-License-Identifier: Apache-2.0
//
// State files that are damaged and file systems that are full: each verb says which file and what
// to do, and delete --force and gc clean up all the same.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "kata/concat.h"
#include "tests/integration/harness/crash.h"

using namespace kata;
using namespace kata::test;
namespace fs = std::filesystem;
using Vmm = CrashStage::Vmm;

namespace {

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

void replace(const fs::path& file, const std::string& content) {
  fs::remove_all(file);
  std::ofstream(file) << content;
}

struct Damage {
  const char* name;
  void (*apply)(const fs::path& file);
};

const Damage kDamages[] = {
    {"half of it", [](const fs::path& f) { fs::resize_file(f, fs::file_size(f) / 2); }},
    {"empty", [](const fs::path& f) { fs::resize_file(f, 0); }},
    {"garbage", [](const fs::path& f) { replace(f, std::string("\0\xff}{\n\x1b[2J", 9)); }},
    {"of a later version",
     [](const fs::path& f) {
       std::string text = read(f);
       text.replace(text.find("\"format\": 1"), 11, "\"format\": 2");
       replace(f, text);
     }},
    {"missing", [](const fs::path& f) { fs::remove(f); }},
    {"a link",
     [](const fs::path& f) {
       fs::remove(f);
       fs::create_symlink("/etc/passwd", f);
     }},
    {"a directory",
     [](const fs::path& f) {
       fs::remove(f);
       fs::create_directory(f);
     }},
    {"a fifo",
     [](const fs::path& f) {
       fs::remove(f);
       REQUIRE(::mkfifo(f.c_str(), 0600) == 0);
     }},
    {"another user's to write",
     [](const fs::path& f) { fs::permissions(f, fs::perms::all, fs::perm_options::replace); }},
};

const std::vector<std::vector<std::string>> kVerbs = {
    {"state", "c1"},        {"start", "c1"},  {"exec", "c1", "/bin/true"},
    {"pause", "c1"},        {"resume", "c1"}, {"update", "--memory", "64m", "c1"},
    {"kill", "c1", "USR1"}, {"delete", "c1"},
};

// The proxy of "c1", which the test may have to kill while its record is whole.
pid_t proxy_of(const CrashStage& stage) {
  return nlohmann::json::parse(read(stage.runtime().root() / "c1/sandbox.json"))
      .at("proxy")
      .at("pid");
}

// Whoever inherits orphans may take its time to reap them.
bool has_ended(pid_t pid) {
  const std::string stat = read(concat("/proc/", std::to_string(pid), "/stat"));
  return stat.empty() || stat.find(") Z") != std::string::npos;
}

void kill_proxy(const CrashStage& stage) {
  const pid_t proxy = proxy_of(stage);
  REQUIRE(::kill(proxy, SIGKILL) == 0);
  REQUIRE(eventually([&] { return has_ended(proxy); }, std::chrono::seconds(5)));
}

void check_verbs(const CrashStage& stage, const std::string& file, bool missing) {
  for (const auto& verb : kVerbs) {
    const CommandResult result = stage.runtime()(verb);
    INFO(verb[0] << ": " << result.err);
    CHECK(result.exit_code != 0);
    CHECK(result.err.find(missing ? "container 'c1' does not exist" : file) != std::string::npos);
    if (!missing) CHECK(result.err.find("kata-runtime delete --force c1") != std::string::npos);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  }
  CHECK(stage.runtime()({"create", "--bundle", stage.runtime().bundle("bundle"), "c1"}).exit_code !=
        0);
}

// A file system of its own below the runtime's directory for --root.
class SmallRoot {
 public:
  SmallRoot(const Runtime& runtime, const std::string& options) : root_(runtime.root()) {
    fs::create_directory(root_);
    REQUIRE(::mount("none", root_.c_str(), "tmpfs", 0, concat("mode=700,", options).c_str()) == 0);
  }
  ~SmallRoot() {
    ::umount2(root_.c_str(), MNT_DETACH);
    fs::remove_all(root_);
  }
  SmallRoot(const SmallRoot&) = delete;
  SmallRoot& operator=(const SmallRoot&) = delete;
  void make_read_only() const {
    REQUIRE(::mount("none", root_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  }
  bool empty() const { return fs::is_empty(root_); }
  void fill() const {
    std::ofstream file(root_ / "ballast");
    const std::string block(4096, 'x');
    while (file.write(block.data(), 4096).flush()) continue;
  }

 private:
  fs::path root_;
};

// What `create` says of a root that is too small; whether it got through.
bool create_in(const CrashStage& stage, const std::string& options) {
  INFO("--root with " << options);
  const SmallRoot root(stage.runtime(), options);
  const CommandResult created = stage.runtime()(stage.create_verb());
  CHECK(
      (created.exit_code == 0 || created.err.find("No space left on device") != std::string::npos));
  if (created.exit_code != 0) {
    INFO(created.err);
    CHECK(created.err.find(stage.runtime().root()) != std::string::npos);
    CHECK(root.empty());
  }
  const CommandResult deleted = stage.runtime()({"delete", "--force", "c1"});
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  CHECK(root.empty());
  return created.exit_code == 0;
}

}  // namespace

TEST_CASE("a damaged container record is named by each verb and delete --force cleans up") {
  const CrashStage stage(Vmm::kFake);
  for (const Damage& damage : kDamages) {
    INFO("container.json is " << damage.name);
    stage.bring_to("running");
    damage.apply(stage.runtime().root() / "c1/container.json");
    check_verbs(stage, "container.json", damage.name == std::string("missing"));
    stage.check_clean_up();
  }
}

TEST_CASE("a damaged sandbox record hides nothing from delete --force") {
  const CrashStage stage(Vmm::kFake);
  for (const bool proxy_lives : {true, false})
    for (const Damage& damage : kDamages) {
      INFO("sandbox.json is " << damage.name << (proxy_lives ? "" : " and the proxy is dead"));
      stage.bring_to("running");
      if (!proxy_lives) kill_proxy(stage);
      damage.apply(stage.runtime().root() / "c1/sandbox.json");
      stage.check_clean_up();
    }
}

TEST_CASE("gc removes a dead sandbox whose record is damaged") {
  const CrashStage stage(Vmm::kFake);
  for (const char* file : {"c1/container.json", "c1/sandbox.json"})
    for (const Damage& damage : kDamages) {
      INFO(file << " is " << damage.name);
      stage.bring_to("running");
      kill_proxy(stage);
      damage.apply(stage.runtime().root() / file);
      CommandResult collected;
      const auto collects = [&] {
        collected = stage.runtime()({"gc", "--older-than", "0"});
        return collected.exit_code == 0;
      };
      // The other processes end a moment after the proxy, and it lives as long as one of them does.
      CHECK_MESSAGE(eventually(collects, std::chrono::seconds(5)), collected.err);
      CHECK(!fs::exists(stage.runtime().root() / "c1"));
      stage.check_clean_up();
    }
}

TEST_CASE("gc leaves a living sandbox with a damaged record alone and says so") {
  const CrashStage stage(Vmm::kFake);
  stage.bring_to("running");
  replace(stage.runtime().root() / "c1/sandbox.json", "{");
  const CommandResult collected = stage.runtime()({"gc", "--older-than", "0"});
  CHECK(collected.exit_code == 1);
  CHECK(collected.err.find("left alone: ") != std::string::npos);
  CHECK(collected.err.find("sandbox.json") != std::string::npos);
  CHECK(stage.runtime().state("c1").value("status", "") == "running");
  stage.check_clean_up();
}

TEST_CASE("delete --force cleans up where no record is left at all") {
  const CrashStage stage(Vmm::kFake);
  for (const bool proxy_lives : {true, false}) {
    INFO((proxy_lives ? "the proxy lives" : "only the VM's files are left"));
    stage.bring_to("running");
    for (const char* name : {"container.json", "sandbox.json", "sandbox.born.json"})
      replace(stage.runtime().root() / "c1" / name, "");
    if (!proxy_lives) ::unlink((stage.runtime().root() / "c1/proxy.sock").c_str());
    stage.check_clean_up();
  }
}

TEST_CASE("delete --force removes what stands in the place of a container's directory") {
  const CrashStage stage(Vmm::kFake);
  const fs::path place = stage.runtime().root() / "c1";
  fs::create_directory(stage.runtime().root());
  const std::function<void()> makers[] = {[&] { std::ofstream{place}; },
                                          [&] { fs::create_symlink("/nowhere", place); },
                                          [&] { REQUIRE(::mkfifo(place.c_str(), 0600) == 0); }};
  for (const auto& make : makers) {
    make();
    CHECK(stage.runtime()(stage.create_verb()).exit_code != 0);
    CHECK(stage.runtime()({"state", "c1"}).exit_code != 0);
    const CommandResult deleted = stage.runtime()({"delete", "--force", "c1"});
    CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
    CHECK(fs::symlink_status(place).type() == fs::file_type::not_found);
  }
}

TEST_CASE("create on a full file system says what it could not write and leaves nothing") {
  const CrashStage stage(Vmm::kFake);
  bool through = false;
  for (int kib = 4; kib <= 128 && !through; kib += 8)
    through = create_in(stage, concat("size=", std::to_string(kib), "k"));
  CHECK(through);
  through = false;
  for (int inodes = 2; inodes <= 64 && !through; inodes += 3)
    through = create_in(stage, concat("size=1m,nr_inodes=", std::to_string(inodes)));
  CHECK(through);
  CHECK(stage.runtime().leaked() == "");
}

TEST_CASE(
    "a file system that fills up later does not keep a container and a read-only one takes none") {
  const CrashStage stage(Vmm::kFake);
  {
    const SmallRoot root(stage.runtime(), "size=1m");
    stage.bring_to("running");
    root.fill();
    const CommandResult paused = stage.runtime()({"pause", "c1"});
    CHECK(paused.exit_code != 0);
    CHECK(paused.err.find("container.json': write: No space left on device") != std::string::npos);
    CHECK(stage.runtime()({"resume", "c1"}).exit_code != 0);
    CHECK(stage.runtime()({"kill", "c1", "KILL"}).exit_code == 0);
    fs::remove(stage.runtime().root() / "ballast");
    const CommandResult deleted = stage.runtime()({"delete", "--force", "c1"});
    CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
    CHECK(root.empty());
    root.make_read_only();
    const CommandResult created = stage.runtime()(stage.create_verb());
    CHECK_MESSAGE(created.err.find("Read-only file system") != std::string::npos, created.err);
    CHECK(created.err.find(stage.runtime().root()) != std::string::npos);
  }
  CHECK(stage.runtime().leaked() == "");
}
