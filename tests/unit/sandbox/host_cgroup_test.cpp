// SPDX-License-Identifier: Apache-2.0
#include "sandbox/host_cgroup.h"

#include <doctest/doctest.h>

#include <fstream>

#include "kata/concat.h"
#include "tests/temporary_directory.h"

namespace kata::sandbox {

namespace fs = std::filesystem;

namespace {

std::string path_of(std::string_view cgroups_path) {
  const auto path = cgroup_path(cgroups_path, "sb");
  REQUIRE_MESSAGE(path.ok(), path.error().message);
  return path.value();
}

void put(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

std::string text_in(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const std::vector<CgroupMount> kHybrid = {{"cpu", false, {"cpu"}},
                                          {"cpuset", false, {"cpuset"}},
                                          {"devices", false, {"devices"}},
                                          {"unified", true, {}}};

// A tree of plain files in the place of hierarchies.
class FakeTree {
 public:
  FakeTree() {
    for (const CgroupMount& mount : kHybrid) {
      CgroupMount here = mount;
      here.mount_point = root() / mount.mount_point;
      fs::create_directories(here.mount_point);
      mounts_.push_back(std::move(here));
    }
  }
  const fs::path& root() const { return directory_.path(); }
  Cgroups cgroups() const { return Cgroups(mounts_); }

 private:
  TemporaryDirectory directory_{};
  std::vector<CgroupMount> mounts_{};
};

}  // namespace

TEST_CASE("a cgroupsPath never leads above the mount point") {
  struct Row {
    const char *given, *expected;
  };
  for (const Row& row :
       {Row{"", "/kata/sb"}, Row{"/", "/kata/sb"}, Row{"/a/b", "/a/b"}, Row{"a/b/", "/a/b"},
        Row{"/../../etc", "/etc"}, Row{"/a/../../b", "/b"}, Row{"..", "/kata/sb"},
        Row{"/a//./b", "/a/b"}, Row{"a:b", "/a:b"}, Row{"/a:b:c", "/a:b:c"}}) {
    CAPTURE(row.given);
    CHECK(path_of(row.given) == row.expected);
  }
}

TEST_CASE("systemd's form becomes the path of its scope") {
  struct Row {
    const char *given, *expected;
  };
  for (const Row& row :
       {Row{"machine.slice:libpod:42", "/machine.slice/libpod-42.scope"},
        Row{"a-b-c.slice:cri:7", "/a.slice/a-b.slice/a-b-c.slice/cri-7.scope"},
        Row{":runc:x", "/system.slice/runc-x.scope"}, Row{"-.slice:p:x", "/p-x.scope"},
        Row{"a.slice::x", "/a.slice/x.scope"}, Row{"a.slice:p:b.slice", "/a.slice/b.slice"}}) {
    CAPTURE(row.given);
    CHECK(path_of(row.given) == row.expected);
  }
}

TEST_CASE("with --systemd-cgroup a cgroupsPath must have systemd's form") {
  CHECK(systemd_cgroups_path("machine.slice:libpod:42", "sb").value() == "machine.slice:libpod:42");
  CHECK(path_of(systemd_cgroups_path("", "sb").value().c_str()) == "/system.slice/kata-sb.scope");
  for (const char* given : {"/a/b", "a", "a:b", "/a:b:c"}) {
    CAPTURE(given);
    const auto path = systemd_cgroups_path(given, "sb");
    REQUIRE_FALSE(path.ok());
    CHECK(path.error().message ==
          "config.json: linux.cgroupsPath: expected 'slice:prefix:name', because of "
          "--systemd-cgroup: leave that out for a path, found '" +
              std::string(given) + "'");
  }
}

TEST_CASE("with --systemd-cgroup names that systemd has no unit for are refused by their key") {
  const std::string longest(230, 'n');
  CHECK(systemd_cgroups_path("a-b.slice:cri-o:" + longest, "sb").ok());
  CHECK(systemd_cgroups_path("a.slice:p:a@b\\x2d_.c", "sb").ok());
  for (const std::string& given :
       {std::string("a.slice:p:b.slice"), std::string("a.slice:p:x y"),
        std::string("a.slice:p:x/y"), std::string("a.slice:p:.."), std::string("a.slice:..:x"),
        std::string("../a.slice:p:x"), std::string("a.slice:p+q:x"), std::string("a.slice:p:"),
        std::string("a.slice:p:\xc3\xa4"), std::string("a.slice:p:x\n"),
        std::string("a b.slice:p:x"), std::string("a.slice::@x"), std::string("a.slice:p:q:x"),
        std::string("::"), std::string(":p:x\0y", 6), "a.slice:prefix-of-more:" + longest + longest,
        std::string("--.slice:p:x")}) {
    CAPTURE(given);
    const auto path = systemd_cgroups_path(given, "sb");
    REQUIRE_FALSE(path.ok());
    CHECK(path.error().message.starts_with("config.json: linux.cgroupsPath: expected "));
  }
}

TEST_CASE("an id that systemd has no unit for is escaped as systemd would") {
  CHECK(systemd_cgroups_path("", "a+b_c.d").value() == ":kata:a\\x2bb_c.d");
  for (const char letter : {'i', '+'}) {
    const auto path = systemd_cgroups_path("", std::string(1024, letter));
    REQUIRE(path.ok());
    CHECK(systemd_cgroups_path(path.value(), "sb").ok());
  }
}

TEST_CASE("a cgroupsPath that is none is refused by its key") {
  const std::string longest(4000, 'a');
  for (const std::string& given :
       {std::string("a:b:c"), std::string("a--b.slice:p:x"), std::string("-a.slice:p:x"),
        std::string("a-.slice:p:x"), std::string("x/y.slice:p:x"), std::string("a.slice:p:"),
        std::string("a.slice:p:../x"), std::string("a.slice:../p:x"), std::string(".slice:p:x"),
        std::string("..:p:x"), std::string("/a\0b", 4), longest}) {
    CAPTURE(given);
    const auto path = cgroup_path(given, "sb");
    REQUIRE_FALSE(path.ok());
    CHECK(path.error().message.starts_with("config.json: linux.cgroupsPath: expected "));
  }
}

TEST_CASE("two sandboxes whose ids begin alike have groups of their own") {
  const std::string start(400, 'x');
  const auto first = cgroup_path("", start + "1");
  const auto second = cgroup_path("", start + "2");
  REQUIRE((first.ok() && second.ok()));
  CHECK(first.value() != second.value());
  CHECK(fs::path(first.value()).filename().native().size() < 255);
}

TEST_CASE("the mount table of a host with both versions is understood") {
  const auto mounts = cgroup_mounts(
      "30 23 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n"
      "31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
      "32 30 0:28 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n"
      "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "34 30 0:29 / /mnt/again rw - cgroup cgroup rw,cpu,cpuacct\n"
      "35 30 0:30 / /with\\040space rw - cgroup cgroup rw,pids,release_agent=/a\n"
      "damaged\n36 30\n37 - cgroup\n");
  const std::vector<CgroupMount> expected = {
      {"/sys/fs/cgroup/unified", true, {}},
      {"/sys/fs/cgroup/systemd", false, {"name=systemd"}},
      {"/sys/fs/cgroup/cpu,cpuacct", false, {"cpu", "cpuacct"}},
      {"/with space", false, {"pids"}}};
  CHECK(mounts == expected);
}

TEST_CASE("the devices of a VMM have no disk among them and the host's macvtap number") {
  const auto rules =
      devices_of_a_vmm("Character devices:\n  1 mem\n243 macvtap\n\nBlock devices:\n");
  bool kvm = false;
  bool macvtap = false;
  for (const DeviceRule& rule : rules) {
    CAPTURE(rule.major);
    kvm |= rule.type == 'c' && rule.major == 10 && rule.minor == 232;
    macvtap |= rule.type == 'c' && rule.major == 243;
    const bool opens = std::string_view(rule.access) != "m";
    CHECK_FALSE((opens && rule.major < 0));
    CHECK_FALSE((opens && rule.type == 'b' && rule.major != 7));
    CHECK_FALSE((opens && rule.type == 'c' && rule.major == 1 && rule.minor < 3));  // mem, kmem
  }
  CHECK(kvm);
  CHECK(macvtap);
  CHECK(devices_of_a_vmm("Character devices:\n\nBlock devices:\n243 macvtap\n").size() + 1 ==
        rules.size());
}

TEST_CASE("a group is made in each hierarchy and has its parent's CPUs") {
  const FakeTree tree;
  put(tree.root() / "cpuset/cpuset.cpus", "0-3\n");
  put(tree.root() / "cpuset/cpuset.mems", "0\n");
  for (const char* level : {"a", "a/b"})
    for (const char* name : {"cpuset.cpus", "cpuset.mems"})
      put(tree.root() / "cpuset" / level / name, "");
  put(tree.root() / "cpuset/a/cpuset.cpus", "1\n");  // set before: stays
  const auto made = tree.cgroups().make("/a/b");
  REQUIRE_MESSAGE(made.ok(), made.error().message);
  for (const char* hierarchy : {"cpu", "cpuset", "devices", "unified"})
    CHECK(fs::is_directory(tree.root() / hierarchy / "a/b"));
  CHECK(text_in(tree.root() / "cpuset/a/b/cpuset.cpus") == "1");
  CHECK(text_in(tree.root() / "cpuset/a/b/cpuset.mems") == "0");
}

TEST_CASE("a process goes to each hierarchy and a thread to those of version 1") {
  const FakeTree tree;
  for (const char* hierarchy : {"cpu", "cpuset", "devices", "unified"})
    for (const char* file : {"cgroup.procs", "tasks"})
      put(tree.root() / hierarchy / "a" / file, "");
  REQUIRE(tree.cgroups().add_process("/a", 42).ok());
  REQUIRE(tree.cgroups().add_threads("/a", {7}).ok());
  for (const char* hierarchy : {"cpu", "cpuset", "devices"}) {
    CHECK(text_in(tree.root() / hierarchy / "a/cgroup.procs") == "42");
    CHECK(text_in(tree.root() / hierarchy / "a/tasks") == "7");
  }
  CHECK(text_in(tree.root() / "unified/a/cgroup.procs") == "42");
  CHECK(text_in(tree.root() / "unified/a/tasks").empty());
}

TEST_CASE("threads can be placed where there is a version 1 hierarchy for CPUs") {
  CHECK(Cgroups(kHybrid).places_threads());
  CHECK_FALSE(Cgroups({{"/u", true, {}}, {"/s", false, {"name=systemd"}}}).places_threads());
}

TEST_CASE("all devices are denied before one is allowed") {
  const FakeTree tree;
  put(tree.root() / "devices/a/devices.deny", "");
  put(tree.root() / "devices/a/devices.allow", "");
  REQUIRE(tree.cgroups().restrict_devices("/a", {{'c', 10, 232}}).ok());
  CHECK(text_in(tree.root() / "devices/a/devices.deny") == "a");
  CHECK(text_in(tree.root() / "devices/a/devices.allow") == "c 10:232 rwm");
}

TEST_CASE("a rule for any device is written with stars") {
  const FakeTree tree;
  put(tree.root() / "devices/a/devices.allow", "");
  REQUIRE(tree.cgroups().allow_devices("/a", {{'b', -1, -1, "m"}}).ok());
  CHECK(text_in(tree.root() / "devices/a/devices.allow") == "b *:* m");
}

TEST_CASE("a group goes with the groups below it and with an empty parent that is ours") {
  const FakeTree tree;
  for (const char* path :
       {"cpu/kata/x/below", "cpuset/kata/x", "cpuset/kata/other", "devices/kata/x"})
    fs::create_directories(tree.root() / path);
  const auto now = std::chrono::steady_clock::now();
  REQUIRE(tree.cgroups().remove("/kata/x", now).ok());
  CHECK_FALSE(fs::exists(tree.root() / "cpu/kata"));
  CHECK(fs::exists(tree.root() / "cpuset/kata/other"));
  CHECK_FALSE(fs::exists(tree.root() / "cpuset/kata/x"));
  CHECK(tree.cgroups().remove("/kata/x", now).ok());
  fs::create_directories(tree.root() / "cpu/pods/x");
  REQUIRE(tree.cgroups().remove("/pods/x", now).ok());
  CHECK(fs::exists(tree.root() / "cpu/pods"));
}

TEST_CASE("the root group is nobody's to remove") {
  const FakeTree tree;
  for (const char* path : {"", "/"}) {
    REQUIRE(tree.cgroups().remove(path, std::chrono::steady_clock::now()).ok());
    CHECK(fs::exists(tree.root() / "cpu"));
  }
}

}  // namespace kata::sandbox
