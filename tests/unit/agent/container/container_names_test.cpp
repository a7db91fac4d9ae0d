// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "agent/container/mount_options.h"
#include "agent/container/names.h"

namespace kata::agent {
namespace {

MountOptions options_of(const std::vector<std::string>& words) {
  auto parsed = parse_mount_options(words);
  REQUIRE(parsed.ok());
  return parsed.take();
}

}  // namespace

TEST_CASE("namespace types have one flag in both spellings") {
  CHECK(namespace_flag("mount").value() == CLONE_NEWNS);
  CHECK(namespace_flag("mnt").value() == CLONE_NEWNS);
  CHECK(namespace_flag("network").value() == CLONE_NEWNET);
  CHECK(namespace_flag("net").value() == CLONE_NEWNET);
  CHECK(namespace_flag("time").value() == 0x80);
  CHECK(namespace_file(CLONE_NEWNS) == "mnt");
  CHECK(namespace_file(CLONE_NEWNET) == "net");
  CHECK(namespace_file(CLONE_NEWCGROUP) == "cgroup");
}

TEST_CASE("unknown words are refused and quoted") {
  for (const char* word : {"", "PID", "pid ", "proc", "p\n"}) {
    const auto flag = namespace_flag(word);
    REQUIRE(!flag.ok());
    CHECK(flag.error().code == ErrorCode::kInvalidArgument);
    CHECK(flag.error().message.find(std::string("'") + word + "'") != std::string::npos);
  }
  CHECK(!rlimit_resource("NOFILE").ok());
  CHECK(!rlimit_resource("RLIMIT_nofile").ok());
  CHECK(!device_node_type("a").ok());
  CHECK(!device_node_type("").ok());
  CHECK(!propagation_flag("rprivat").ok());
}

TEST_CASE("capabilities are known with and without prefix and in quotes") {
  CHECK(capability_number("CAP_CHOWN").value() == 0);
  CHECK(capability_number("CHOWN").value() == 0);
  CHECK(capability_number("\"CAP_SYS_ADMIN\"").value() == 21);
  CHECK(capability_number("CAP_CHECKPOINT_RESTORE").value() == 40);
  CHECK(capability_name(21) == "CAP_SYS_ADMIN");
  for (const char* name : {"", "CAP_", "\"\"", "\"", "CAP_CAP_CHOWN", "cap_chown", "ALL", "-1"})
    CHECK(!capability_number(name).ok());
}

TEST_CASE("limits and device types have the kernel's numbers") {
  CHECK(rlimit_resource("RLIMIT_NOFILE").value() == RLIMIT_NOFILE);
  CHECK(rlimit_resource("RLIMIT_RTTIME").value() == RLIMIT_RTTIME);
  CHECK(device_node_type("u").value() == S_IFCHR);
  CHECK(device_node_type("p").value() == S_IFIFO);
}

TEST_CASE("paths are absolute and hold neither dots nor NUL") {
  CHECK(check_absolute("/a/b..c", "field").ok());
  for (const char* path : {"", "a", "./a", "/a/../b", "/.."})
    CHECK(!check_absolute(path, "field").ok());
  CHECK(!check_absolute(std::string("/a\0b", 4), "field").ok());
}

TEST_CASE("a later mount option wins over an earlier one") {
  const MountOptions options = options_of({"ro", "rw", "nosuid", "noatime", "relatime"});
  CHECK(options.attributes.set == MOUNT_ATTR_NOSUID);
  CHECK((options.attributes.clear & MOUNT_ATTR_RDONLY) != 0);
  CHECK((options.attributes.clear & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME);
}

TEST_CASE("each access time option sets the whole field") {
  CHECK(options_of({"noatime"}).attributes.set == MOUNT_ATTR_NOATIME);
  CHECK(options_of({"strictatime"}).attributes.set == MOUNT_ATTR_STRICTATIME);
  CHECK(options_of({"noatime", "strictatime"}).attributes.set == MOUNT_ATTR_STRICTATIME);
}

TEST_CASE("bind and propagation and recursive options are told apart from data") {
  const MountOptions options =
      options_of({"rbind,rro", "rslave", "x-systemd.automount", "size=64k"});
  CHECK(options.bind);
  CHECK(options.rbind);
  CHECK(options.recursive.set == MOUNT_ATTR_RDONLY);
  CHECK(options.attributes == MountAttributes{});
  CHECK(options.propagation == std::vector<unsigned long>{MS_SLAVE | MS_REC});
  CHECK(options.data == std::vector<std::string>{"size=64k"});
}

TEST_CASE("the ids of a bind mount are mapped as the option says") {
  CHECK(options_of({"idmap"}).id_map == MountIdMap{});
  CHECK(options_of({"ridmap"}).id_map == MountIdMap{true, "", ""});
  CHECK(options_of({"ridmap=gids=0-100-10;uids=0-1-10#10-11-4294967295"}).id_map ==
        MountIdMap{true, "0 1 10\n10 11 4294967295\n", "0 100 10\n"});
}

TEST_CASE("each bad mapping of ids is refused and quoted") {
  const struct {
    const char *word, *quoted;
  } kBad[] = {{"idmap=", "only one"},
              {"idmap=uids=0-0-1", "only one"},
              {"idmap=uids=0-0-1;uids=0-0-1", "'uids=0-0-1'"},
              {"idmap=uids=0-0-1;gids=", "''"},
              {"idmap=uids=0-0;gids=0-0-1", "'0-0'"},
              {"idmap=uids=0-0-0;gids=0-0-1", "'0-0-0'"},
              {"idmap=uids=0-0-1-1;gids=0-0-1", "'0-0-1-1'"},
              {"idmap=uids=0-4294967296-1;gids=0-0-1", "'0-4294967296-1'"},
              {"idmap=uids=@0-0-1;gids=0-0-1", "'@0-0-1'"},
              {"idmap=uids=0 0 1;gids=0-0-1", "'0 0 1'"},
              {"idmap=uids=0-0-1\n;gids=0-0-1", "'0-0-1\n'"},
              {"idmap=users=0-0-1", "'users=0-0-1'"}};
  for (const auto& bad : kBad) {
    const auto parsed = parse_mount_options({bad.word});
    REQUIRE_MESSAGE(!parsed.ok(), bad.word);
    CHECK(parsed.error().code == ErrorCode::kInvalidArgument);
    CHECK_MESSAGE(parsed.error().message.find(bad.quoted) != std::string::npos,
                  parsed.error().message);
  }
}

TEST_CASE("mount options that would mean something else are refused") {
  CHECK(!parse_mount_options({"loop"}).ok());
  CHECK(!parse_storage_options({"idmap"}).ok());
  CHECK(!parse_mount_options({std::string("ro\0rw", 5)}).ok());
}

}  // namespace kata::agent
