// SPDX-License-Identifier: Apache-2.0
//
// What the guest's kernel has, seen from a container in it. The minimal kernel has all of it built
// in; of Debian's only the part is demanded that the initrd's modules and the agent make sure of.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

bool is_minimal(const fs::path& guest) {
  std::ifstream manifest(guest / "manifest.txt");
  const std::string text{std::istreambuf_iterator<char>(manifest), {}};
  REQUIRE_MESSAGE(!text.empty(), guest);
  return text.find("-minimal") != std::string::npos;
}

Names words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

void check_each(const Names& wanted, const std::string& text) {
  const Names have = words_of(text);
  for (const std::string& name : wanted)
    CHECK_MESSAGE(std::find(have.begin(), have.end(), name) != have.end(), name, " among ", text);
}

// One container: /proc/filesystems, the enabled controllers, seccomp's actions, nftables' answer.
Names look_around(const Runtime& runtime) {
  nlohmann::json spec = default_spec({});
  for (const char* set : {"bounding", "effective", "permitted"})
    spec["process"]["capabilities"][set] = {"CAP_NET_ADMIN"};
  spec["mounts"].push_back({{"destination", "/probe"},
                            {"type", "bind"},
                            {"source", KATA_NFTABLES_PROBE},
                            {"options", {"bind", "ro"}}});
  const CommandResult result = runtime.run_script(
      "cat /proc/filesystems; echo ::; awk '$4 == 1 { print $1 }' /proc/cgroups; echo ::; "
      "cat /proc/sys/kernel/seccomp/actions_avail; echo ::; /probe 2>&1 && echo answered",
      spec);
  Names parts(1);
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);)
    if (line == "::")
      parts.emplace_back();
    else
      parts.back() += line + "\n";
  REQUIRE_MESSAGE(parts.size() == 4, result.out, result.err);
  return parts;
}

}  // namespace

TEST_CASE("the guest's kernel has the file systems controllers and filters that containers need") {
  const Runtime runtime;
  const Names parts = look_around(runtime);
  const std::string &filesystems = parts[0], &controllers = parts[1], &actions = parts[2];
  check_each({"proc", "sysfs", "tmpfs", "devpts", "mqueue"}, filesystems);
  check_each({runtime.shared_filesystem()}, filesystems);
  check_each({"cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "pids"},
             controllers);
  check_each({"kill_process", "kill_thread", "trap", "errno", "user_notif", "trace", "log"},
             actions);
  if (!is_minimal(runtime.guest())) return;
  check_each({"overlay", "9p", "virtiofs", "ext4", "xfs", "erofs", "squashfs"}, filesystems);
  check_each({"hugetlb", "rdma", "perf_event", "net_cls", "net_prio", "misc"}, controllers);
  CHECK(parts[3] == "answered\n");
}
