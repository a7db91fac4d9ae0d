// SPDX-License-Identifier: Apache-2.0
#include "agent/container/users.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <fstream>

#include "agent/container/process_plan.h"
#include "kata/unique_fd.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agent;

namespace {

class Rootfs {
 public:
  Rootfs() {
    std::filesystem::create_directories(directory_.path() / "etc");
    write("passwd",
          "root:x:0:0:root:/root:/bin/sh\n"
          "bob:x:1000:100::/home/bob:/bin/sh\n"
          "one:x:1:7::/:/bin/sh\n"
          "short\n:::\n"
          "all:x:4294967295:0::/:\n"
          "word:x:zero:0::/:\n");
    write("group", "root:x:0:\nusers:x:100:\nstaff:x:50:alice,bob\nwheel:x:10:bob\nbad:x:x:bob\n");
  }
  void write(const char* file, const std::string& text) const {
    std::ofstream(directory_.path() / "etc" / file) << text;
  }
  Result<void> find(const UserNames& names, ProcessPlan& plan) const {
    const UniqueFd root(::open(directory_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return find_user(root.get(), names, plan);
  }

 private:
  TemporaryDirectory directory_{};
};

struct Found {
  UserNames names;
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> groups;
};

}  // namespace

TEST_CASE("users and groups are found by name and number") {
  const Rootfs rootfs;
  const std::vector<Found> all = {{{"bob", "", {}}, 1000, 100, {50, 10}},
                                  {{"bob", "staff", {}}, 1000, 50, {}},
                                  {{"bob", "", {"root", "10", "77"}}, 1000, 100, {50, 10, 0, 77}},
                                  {{"1000", "", {}}, 1000, 100, {50, 10}},
                                  {{"1", "", {}}, 1, 7, {}},
                                  {{"2", "", {}}, 2, 0, {}},
                                  {{"2", "wheel", {"wheel"}}, 2, 10, {10}},
                                  {{"0", "3", {}}, 0, 3, {}},
                                  {{"4294967294", "4294967294", {}}, 4294967294, 4294967294, {}}};
  for (const Found& expected : all) {
    CAPTURE(expected.names.user);
    ProcessPlan plan;
    plan.groups = {5};
    const auto found = rootfs.find(expected.names, plan);
    REQUIRE_MESSAGE(found.ok(), found.error().message);
    CHECK(plan.uid == expected.uid);
    CHECK(plan.gid == expected.gid);
    CHECK(plan.groups == expected.groups);
  }
}

TEST_CASE("without a name the numbers of the specification stay") {
  ProcessPlan plan;
  plan.uid = 3;
  plan.gid = 4;
  plan.groups = {5};
  REQUIRE(Rootfs().find({}, plan).ok());
  CHECK(plan.uid == 3);
  CHECK(plan.gid == 4);
  CHECK(plan.groups == std::vector<gid_t>{5});
}

TEST_CASE("a user or group that is none is named") {
  const Rootfs rootfs;
  const std::vector<std::pair<UserNames, const char*>> all = {
      {{"carol", "", {}}, "user carol"},
      {{"bob", "nobody", {}}, "group nobody"},
      {{"bob", "", {"nobody"}}, "group nobody"},
      {{"4294967295", "", {}}, "'4294967295'"},
      {{"4294967296", "", {}}, "'4294967296'"},
      {{"bob", "4294967295", {}}, "'4294967295'"},
      {{"18446744073709551616", "", {}}, "'184"},
      {{"all", "", {}}, "'4294967295'"},
      {{"word", "", {}}, "'zero'"},
      {{"bob", "bad", {}}, "group 'x'"},
      {{"-1", "", {}}, "user -1"},
      {{" 0", "", {}}, "user  0"},
      {{"short", "", {}}, "''"},
      {{"0x0", "", {}}, "user 0x0"}};
  for (const auto& [names, quoted] : all) {
    ProcessPlan plan;
    const auto found = rootfs.find(names, plan);
    REQUIRE_MESSAGE(!found.ok(), names.user);
    CHECK_MESSAGE(found.error().message.find(quoted) != std::string::npos, found.error().message);
  }
}

TEST_CASE("a rootfs without accounts has numbers only") {
  const Rootfs rootfs;
  rootfs.write("passwd", "");
  rootfs.write("group", "");
  ProcessPlan plan;
  CHECK(rootfs.find({"7", "8", {"9"}}, plan).ok());
  CHECK(plan.groups == std::vector<gid_t>{9});
  CHECK(!rootfs.find({"root", "", {}}, plan).ok());
}
