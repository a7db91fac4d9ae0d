// SPDX-License-Identifier: Apache-2.0
#include "agent/container/storage.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent.pb.h"
#include "fixture.h"

namespace kata::agent::test {
namespace {

// In a mount namespace of the test's process, so that a failure leaves nothing on the host.
struct Place {
  fs::path directory{};
  StorageTable table{{[](std::string_view) -> Result<void> {
    return make_error(ErrorCode::kNotFound, "no such module");
  }}};

  Place() {
    REQUIRE_MESSAGE(::unshare(CLONE_NEWNS) == 0, "these tests need root");
    REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    char name[] = "/tmp/kata-storage-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    directory = name;
  }
  ~Place() {
    CHECK(table.remove_all().ok());
    for (const std::string& line : mount_lines())
      CHECK(line.find(directory.native()) == std::string::npos);
    fs::remove_all(directory);
  }

  grpc::Storage storage(const char* driver, const char* fstype, const std::string& source,
                        std::initializer_list<const char*> options, const char* name = "point") {
    grpc::Storage made;
    made.set_driver(driver);
    made.set_fstype(fstype);
    made.set_source(source);
    for (const char* option : options) made.add_options(option);
    made.set_mount_point(directory / name);
    return made;
  }
};

struct stat stat_of(const fs::path& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found;
}

}  // namespace

TEST_CASE("an ephemeral storage respects its options and group") {
  Place place;
  const auto added = place.table.add(
      place.storage("ephemeral", "tmpfs", "tmpfs", {"mode=1777", "size=1048576", "fsgid=500"}));
  REQUIRE_MESSAGE(added.ok(), added.error().message);
  struct statfs space {};
  REQUIRE(::statfs((place.directory / "point").c_str(), &space) == 0);
  CHECK(static_cast<std::uint64_t>(space.f_blocks) * static_cast<std::uint64_t>(space.f_bsize) ==
        1048576);
  const auto found = stat_of(place.directory / "point");
  CHECK(found.st_gid == 500);
  CHECK((found.st_mode & 07777) == 03777);
}

TEST_CASE("a local storage is a directory with mode and group") {
  Place place;
  REQUIRE(
      place.table.add(place.storage("local", "local", "local", {"mode=0770", "fsgid=600"})).ok());
  const auto found = stat_of(place.directory / "point");
  CHECK(found.st_gid == 600);
  CHECK((found.st_mode & 07777) == 02770);
}

TEST_CASE("a bind storage shows its source until the last reference goes") {
  Place place;
  fs::create_directories(place.directory / "source");
  write_text(place.directory / "source/file", "text");
  const auto storage = place.storage("bind", "bind", place.directory / "source", {"rbind", "ro"});
  REQUIRE(place.table.add(storage).ok());
  REQUIRE(place.table.add(storage).ok());
  REQUIRE(place.table.remove(storage.mount_point()).ok());
  CHECK(read_text(place.directory / "point/file") == "text");
  CHECK(::access((place.directory / "point/file").c_str(), W_OK) == -1);
  REQUIRE(place.table.remove(storage.mount_point()).ok());
  CHECK(!fs::exists(place.directory / "point"));
  CHECK(place.table.remove(storage.mount_point()).ok());
}

TEST_CASE("a bind storage can be a single file") {
  Place place;
  write_text(place.directory / "source", "text");
  REQUIRE(
      place.table.add(place.storage("bind", "bind", place.directory / "source", {"bind"})).ok());
  CHECK(read_text(place.directory / "point") == "text");
}

TEST_CASE("a shared storage stays until the end") {
  Place place;
  auto storage = place.storage("ephemeral", "tmpfs", "shm", {});
  storage.set_shared(true);
  REQUIRE(place.table.add(storage).ok());
  REQUIRE(place.table.remove(storage.mount_point()).ok());
  CHECK(fs::exists(place.directory / "point"));
}

TEST_CASE("an fs_group owns what is in the volume") {
  Place place;
  fs::create_directories(place.directory / "source/sub");
  write_text(place.directory / "source/sub/file", "text");
  fs::create_symlink("/etc/hostname", place.directory / "source/link");
  const auto before = stat_of("/etc/hostname");
  auto storage = place.storage("bind", "bind", place.directory / "source", {"bind"});
  storage.mutable_fs_group()->set_group_id(700);
  REQUIRE(place.table.add(storage).ok());
  CHECK(stat_of(place.directory / "point/sub/file").st_gid == 700);
  CHECK((stat_of(place.directory / "point/sub/file").st_mode & 0660) == 0660);
  CHECK((stat_of(place.directory / "point/sub").st_mode & 02770) == 02770);
  CHECK(stat_of("/etc/hostname").st_gid == before.st_gid);
}

TEST_CASE("storages that make no sense are refused by field") {
  Place place;
  const auto message = [&](const grpc::Storage& storage) {
    const auto added = place.table.add(storage);
    REQUIRE(!added.ok());
    CHECK(added.error().code == ErrorCode::kInvalidArgument);
    return added.error().message;
  };
  CHECK(message(place.storage("floppy", "fat", "a", {})).find("unknown storage driver 'floppy'") !=
        std::string::npos);
  CHECK(message(place.storage("bind", "bind", "", {})).find("source") != std::string::npos);
  CHECK(message(place.storage("virtio-fs", "", "tag", {})).find("fstype") != std::string::npos);
  CHECK(message(place.storage("local", "local", "local", {"mode=9"})).find("mode") !=
        std::string::npos);
  CHECK(message(place.storage("ephemeral", "ext4", "x", {})).find("fstype") != std::string::npos);
  auto escaping = place.storage("local", "local", "local", {});
  escaping.set_mount_point("/tmp/../etc");
  CHECK(message(escaping).find("mount_point") != std::string::npos);
  escaping.set_mount_point("/");
  CHECK(message(escaping).find("mount_point") != std::string::npos);
}

TEST_CASE("a share that cannot be mounted says so with its module") {
  Place place;
  const auto added = place.table.add(place.storage("virtio-fs", "virtiofs", "no-such-tag", {}));
  REQUIRE(!added.ok());
  CHECK(added.error().message.find("no such module") != std::string::npos);
}

}  // namespace kata::agent::test
