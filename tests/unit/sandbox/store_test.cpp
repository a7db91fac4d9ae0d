// SPDX-License-Identifier: Apache-2.0
#include "sandbox/store.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "kata/child_process.h"
#include "sandbox/store_records.h"
#include "tests/unit/kata-runtime/temp_dir.h"

using namespace kata;
using namespace kata::sandbox;
using kata::test::read_text;
using kata::test::TempDir;
using kata::test::write_text;

namespace {

ContainerRecord container(const std::string& id) {
  ContainerRecord record;
  record.id = record.sandbox_id = id;
  record.bundle = "/b/\"quoted\"\n";
  record.rootfs = "/b/rootfs";
  record.status = "running";
  record.created = "2026-11-24T00:00:00.000000001Z";
  record.owner = "root";
  record.terminal = record.late_hooks = record.paused = true;
  record.shim = {4242, 1234567890123ULL};
  record.creator = {4243, 1234567890124ULL};
  record.annotations = {{"a", "b"}, {"", "empty"}};
  return record;
}

SandboxRecord sandbox_record(const std::string& id) {
  SandboxRecord record;
  record.id = id;
  record.config_json = R"({"a":[1,2]})";
  record.bundle = "/b/sb1";
  record.hostname = "web";
  record.netns = "/run/netns/pod";
  record.new_netns = true;
  record.dns = {"nameserver 10.0.0.1", "search a b"};
  record.cgroups = {"/pods/sb1", "/kata_overhead/sb1", true};
  record.proxy = {1, 2};
  record.vmm = {3, 4};
  record.failure = "the VM ended";
  record.plugin_state = {{"hypervisor", "{}"}};
  return record;
}

ProcessRef self() { return {::getpid(), process_start_time(::getpid()).take()}; }

}  // namespace

TEST_CASE("records come back as they were saved") {
  const TempDir dir;
  const Store store(dir / "root");
  REQUIRE(store.reserve("c1").ok());
  REQUIRE(store.save(container("c1")).ok());
  REQUIRE(store.save(sandbox_record("c1")).ok());
  CHECK(store.load_container("c1").take() == container("c1"));
  CHECK(store.load_sandbox("c1").take() == sandbox_record("c1"));
}

TEST_CASE("the run directory and each sandbox are closed to others") {
  const TempDir dir;
  const Store store(dir / "a/b/root");
  REQUIRE(store.reserve("c1").ok());
  for (const auto& path : {store.root(), store.directory("c1")}) {
    struct stat about {};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0700);
  }
}

TEST_CASE("of many that reserve one id exactly one wins") {
  const TempDir dir;
  const Store store(dir / "root");
  std::atomic<int> winners{0}, refused{0};
  std::vector<std::thread> threads;
  for (int at = 0; at < 16; ++at)
    threads.emplace_back([&] {
      const auto reserved = store.reserve("c1");
      if (reserved.ok())
        ++winners;
      else if (reserved.error().code == ErrorCode::kAlreadyExists)
        ++refused;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(winners == 1);
  CHECK(refused == 15);
}

TEST_CASE("a second verb waits for the first and fails clearly at its deadline") {
  const TempDir dir;
  const Store store(dir / "root");
  auto first = store.reserve("c1");
  REQUIRE(first.ok());
  const auto refused = store.lock("c1", std::chrono::steady_clock::now());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kTimeout);
  CHECK(refused.error().message.find("container 'c1' is busy: another verb is at work") == 0);
  std::thread second([&] {
    CHECK(store.lock("c1", std::chrono::steady_clock::now() + std::chrono::seconds(20)).ok());
  });
  first.value().reset();
  second.join();
}

TEST_CASE("a lock of a removed directory is none for the one that has its name now") {
  const TempDir dir;
  const Store store(dir / "root");
  const auto old = store.reserve("c1");
  REQUIRE(store.remove("c1").ok());
  CHECK(store.lock("c1", std::chrono::steady_clock::now()).error().code == ErrorCode::kNotFound);
  CHECK(store.reserve("c1").ok());
}

TEST_CASE("a damaged record of a sandbox is replaced by the one of its birth for cleaning up") {
  const TempDir dir;
  const Store store(dir / "root");
  REQUIRE(store.reserve("c1").ok());
  REQUIRE(store.save_at_birth(sandbox_record("c1")).ok());
  for (const char* damage : {"", "{", "null"}) {
    write_text(store.directory("c1") / "sandbox.json", damage);
    CHECK_FALSE(store.load_sandbox("c1").ok());
    CHECK(store.load_sandbox_or_birth("c1").take() == sandbox_record("c1"));
  }
  std::filesystem::remove(store.directory("c1") / "sandbox.json");
  CHECK(store.load_sandbox_or_birth("c1").ok());
  std::filesystem::remove(store.directory("c1") / "sandbox.born.json");
  CHECK(store.load_sandbox_or_birth("c1").error().code == ErrorCode::kNotFound);
}

TEST_CASE("a container that is not there is not found by name") {
  const TempDir dir;
  const Store store(dir / "root");
  const auto missing = store.load_container("web");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK(missing.error().message == "container 'web' does not exist");
  CHECK(store.container_ids().take().empty());
}

TEST_CASE("a record cut at any byte is refused by file name and remedy") {
  const TempDir dir;
  const std::string whole = to_json(container("c1"));
  for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
    const auto cut = container_from_json(whole.substr(0, length), "/r/c1/container.json", "c1");
    REQUIRE_FALSE(cut.ok());
    CHECK(cut.error().message.find("/r/c1/container.json") != std::string::npos);
    CHECK(cut.error().message.find("delete --force c1") != std::string::npos);
  }
  const std::string sandbox = to_json(sandbox_record("c1"));
  for (std::size_t length = 0; length + 1 < sandbox.size(); ++length)
    REQUIRE_FALSE(sandbox_from_json(sandbox.substr(0, length), "f", "c1").ok());
}

TEST_CASE("a record with any byte flipped is refused or stays within its rules") {
  const std::string whole = to_json(container("c1"));
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char flip : {'\x01', '\x20', '\x80'}) {
      std::string text = whole;
      text[at] = static_cast<char>(text[at] ^ flip);
      const auto read = container_from_json(text, "f", "c1");
      if (!read.ok()) continue;
      CHECK(read.value().id == "c1");
      CHECK(check_id(read.value().sandbox_id).ok());
      CHECK(read.value().shim.pid >= 0);
    }
}

TEST_CASE("a record that names another id or status or a path for an id is refused") {
  const auto refused = [](ContainerRecord record, const char* named) {
    const auto read = container_from_json(to_json(record), "f", "c1");
    REQUIRE_FALSE(read.ok());
    CHECK_MESSAGE(read.error().message.find(named) != std::string::npos, read.error().message);
  };
  refused(container("c2"), "id: expected 'c1'");
  ContainerRecord record = container("c1");
  record.status = "flying";
  refused(record, "status");
  record = container("c1");
  record.sandbox_id = "../../etc";
  refused(record, "sandbox_id");
}

TEST_CASE("a record that is a link or a FIFO or writable by others is refused") {
  const TempDir dir;
  const Store store(dir / "root");
  REQUIRE(store.reserve("c1").ok());
  REQUIRE(store.save(container("c1")).ok());
  const auto file = store.directory("c1") / "container.json";
  std::filesystem::rename(file, dir / "elsewhere");
  std::filesystem::create_symlink(dir / "elsewhere", file);
  CHECK_FALSE(store.load_container("c1").ok());
  std::filesystem::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  CHECK_FALSE(store.load_container("c1").ok());
  std::filesystem::remove(file);
  std::filesystem::rename(dir / "elsewhere", file);
  CHECK(store.load_container("c1").ok());
  ::chmod(file.c_str(), 0666);
  CHECK(store.load_container("c1").error().code == ErrorCode::kPermission);
}

TEST_CASE("ids follow the rule of the other runtimes") {
  for (const std::string& good : {std::string("a"), std::string("web-1"), std::string("A_b+c.d"),
                                  std::string("..."), std::string(1024, 'x')})
    CHECK(check_id(good).ok());
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
        std::string("é"), std::string(1025, 'x'), std::string("a\0b", 3), std::string("../x")})
    CHECK_FALSE(check_id(bad).ok());
  const TempDir dir;
  const Store store(dir / "root");
  CHECK_FALSE(store.reserve("../x").ok());
  CHECK_FALSE(store.remove("..").ok());
  CHECK_FALSE(store.load_container("a/b").ok());
}

TEST_CASE("ids are listed in order and strangers are not listed") {
  const TempDir dir;
  const Store store(dir / "root");
  for (const char* id : {"b", "a", "c"}) REQUIRE(store.reserve(id).ok());
  write_text(store.root() / "a-file", "x");
  CHECK(store.container_ids().take() == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("removal takes the directory and all below it and may be repeated") {
  const TempDir dir;
  const Store store(dir / "root");
  REQUIRE(store.reserve("c1").ok());
  REQUIRE(store.save(container("c1")).ok());
  write_text(store.directory("c1") / "fs/deep/er/file", "x");
  CHECK(store.remove("c1").ok());
  CHECK_FALSE(std::filesystem::exists(store.directory("c1")));
  CHECK(store.remove("c1").ok());
}

TEST_CASE("removal does not follow symbolic links") {
  const TempDir dir;
  const Store store(dir / "root");
  write_text(dir / "precious/file", "keep");
  REQUIRE(store.reserve("c1").ok());
  std::filesystem::create_directory_symlink(dir / "precious", store.directory("c1") / "link");
  std::filesystem::create_symlink(dir / "precious/file", store.directory("c1") / "file");
  CHECK(store.remove("c1").ok());
  CHECK(read_text(dir / "precious/file") == "keep");
  std::filesystem::create_directory_symlink(dir / "precious", store.directory("c2"));
  CHECK(store.remove("c2").ok());
  CHECK(read_text(dir / "precious/file") == "keep");
}

TEST_CASE("removal stops at a mount and says so and keeps the records") {
  if (::geteuid() != 0) return;  // needs a mount
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {  // a mount namespace of its own
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      ::_exit(10);
    char name[] = "/tmp/kata-unit.XXXXXX";
    if (::mkdtemp(name) == nullptr) ::_exit(11);
    const std::filesystem::path dir = name;
    const Store store(dir / "root");
    const auto share = store.directory("c1") / "fs/share";
    write_text(dir / "precious/file", "keep");
    if (!store.reserve("c1").ok() || !store.save(container("c1")).ok()) ::_exit(12);
    std::filesystem::create_directories(share);
    if (::mount((dir / "precious").c_str(), share.c_str(), nullptr, MS_BIND, nullptr) != 0)
      ::_exit(13);
    const auto removed = store.remove("c1");
    int verdict = 0;
    if (removed.ok() || removed.error().message.find("mount point") == std::string::npos)
      verdict = 1;
    else if (read_text(dir / "precious/file") != "keep")
      verdict = 2;
    else if (!store.load_container("c1").ok())
      verdict = 3;
    else if (::umount2(share.c_str(), 0) != 0 || !store.remove("c1").ok())
      verdict = 4;
    std::filesystem::remove_all(dir);
    ::_exit(verdict);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a process is alive by pid and start time together") {
  CHECK(is_alive(self()));
  ProcessRef impostor = self();
  ++impostor.start_time;
  CHECK_FALSE(is_alive(impostor));
  CHECK_FALSE(is_alive({}));
  CHECK_FALSE(is_alive({-1, 0}));
}

TEST_CASE("a zombie is not alive") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  const auto start = process_start_time(child);
  REQUIRE(start.ok());
  CHECK_FALSE(is_alive({child, start.value()}));
  ::waitpid(child, nullptr, 0);
}
