// SPDX-License-Identifier: Apache-2.0
#include "virtiofs.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <future>

#include "instance.h"
#include "kata/unix_socket.h"

using namespace kata;
using namespace kata::virtiofs;
using namespace kata::virtiofs::test;

namespace {

// A program that says it is virtiofsd and then does `body`.
fs::path fake_daemon(const Scratch& scratch, const std::string& body) {
  const fs::path path = scratch.directory / "fake-virtiofsd";
  REQUIRE(write_text(
      path,
      "#!/bin/sh\n[ \"$1\" = --version ] && { echo virtiofsd 1.99.0; exit 0; }\n" + body + "\n"));
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

void check_nothing_left(const Scratch& scratch) {
  CHECK(scratch.mounts().empty());
  CHECK(fs::is_empty(scratch.state));
}

std::string status_field(pid_t pid, const std::string& name) {
  const std::string status = read_text(concat("/proc/", pid, "/status"));
  const std::size_t at = status.find("\n" + name + ":\t");
  return at == std::string::npos ? "" : status.substr(at + name.size() + 3, 1);
}

}  // namespace

TEST_CASE("the socket is listening when start returns and stop leaves nothing") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  REQUIRE(instance->check_host().ok());
  const VhostUserFs device = start(*instance);
  CHECK(device.tag == "kataShared");
  CHECK(connect_unix(device.socket).ok());
  const pid_t pid = daemon_pid(*instance);
  CHECK(process_exists(pid));
  REQUIRE(instance->stop(in_seconds(5)).ok());
  REQUIRE(instance->stop(in_seconds(5)).ok());
  CHECK_FALSE(process_exists(pid));
  check_nothing_left(scratch);
}

TEST_CASE("the guest is told where the share is and how to mount it") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  auto started = instance->start(in_seconds(20));
  REQUIRE(started.ok());
  const GuestMount& mount = started.value().guest_mount;
  CHECK(mount.driver == "virtio-fs");
  CHECK(mount.source == "kataShared");
  CHECK(mount.fstype == "virtiofs");
  CHECK(mount.options == std::vector<std::string>{"nodev"});
  CHECK(mount.mount_point == "/run/kata-containers/shared/containers/");
  const auto share = instance->share({"c1-rootfs", scratch.source, false});
  REQUIRE(share.ok());
  CHECK(share.value().guest_path == "/run/kata-containers/shared/containers/c1-rootfs");
  CHECK(instance->stop(in_seconds(5)).ok());
}

TEST_CASE("the daemon serves from namespaces and seccomp with the export as its root") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  REQUIRE(start(*instance).queue_size == 1024);
  REQUIRE(instance->share({"before", scratch.source, false}).ok());
  // The daemon sets its sandbox up when its client has connected.
  const auto client = connect_unix(scratch.state / "virtiofsd.sock");
  REQUIRE(client.ok());
  pid_t inner = 0;
  REQUIRE(eventually([&] {
    inner = sandboxed_pid(daemon_pid(*instance));
    return inner != 0 && status_field(inner, "Seccomp") == "2";
  }));
  const fs::path root = concat("/proc/", inner, "/root");
  CHECK(read_text(root / "before/file") == "hello");
  CHECK_FALSE(fs::exists(root / "etc"));
  const auto* const told =
      static_cast<const SharedFilesystemServer*>(instance->extension(SharedFilesystemServer::kId));
  REQUIRE(told != nullptr);
  CHECK(told->file_server().pid == inner);
  CHECK(std::string(told->file_server().name) == "virtiofsd");
  for (const char* kind : {"mnt", "net", "pid"})
    CHECK(fs::read_symlink(concat("/proc/", inner, "/ns/", kind)) !=
          fs::read_symlink(concat("/proc/self/ns/", kind)));

  REQUIRE(instance->share({"after", scratch.source, true}).ok());
  CHECK(read_text(root / "after/file") == "hello");
  CHECK_FALSE(write_text(root / "after/file", "x"));
  REQUIRE(instance->unshare("before").ok());
  CHECK_FALSE(fs::exists(root / "before"));

  CHECK(instance->stop(in_seconds(5)).ok());
  CHECK(told->file_server().pid == 0);
  CHECK_FALSE(process_exists(inner));
  check_nothing_left(scratch);
}

TEST_CASE("starting twice is refused and the first goes on") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  const VhostUserFs device = start(*instance);
  const auto again = instance->start(in_seconds(5));
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == ErrorCode::kAlreadyExists);
  CHECK(connect_unix(device.socket).ok());
  CHECK(instance->stop(in_seconds(5)).ok());
}

TEST_CASE("an instance can be started again after it was stopped") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  for (int round = 0; round < 2; ++round) {
    start(*instance);
    REQUIRE(instance->share({"data", scratch.source, false}).ok());
    REQUIRE(instance->stop(in_seconds(5)).ok());
    check_nothing_left(scratch);
  }
}

TEST_CASE("wait tells why a killed daemon is gone") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  start(*instance);
  auto waiting = std::async(std::launch::async, [&] { return instance->wait(); });
  REQUIRE(::kill(daemon_pid(*instance), SIGKILL) == 0);
  const auto reason = waiting.get();
  REQUIRE(reason.ok());
  CHECK(reason.value().find("was killed by signal 9") != std::string::npos);
  CHECK(instance->stop(in_seconds(5)).ok());
  check_nothing_left(scratch);
}

TEST_CASE("wait outlasts stop") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  start(*instance);
  auto waiting = std::async(std::launch::async, [&] { return instance->wait(); });
  CHECK(instance->stop(in_seconds(5)).ok());
  REQUIRE(waiting.wait_for(std::chrono::seconds(5)) == std::future_status::ready);
}

TEST_CASE("a daemon that fails at once is reported with its last words and nothing is left") {
  const Scratch scratch;
  const auto instance =
      make_instance(scratch.state, fake_daemon(scratch, "echo 'no such \033[31mluck' >&2; exit 3"));
  const auto begin = std::chrono::steady_clock::now();
  const auto started = instance->start(in_seconds(20));
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().message.find("ended with code 3: no such ?[31mluck") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
  check_nothing_left(scratch);
}

TEST_CASE("a program that is no virtiofsd is refused and nothing is left") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state, "/bin/true");
  const auto started = instance->start(in_seconds(20));
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().message.find("'/bin/true'") != std::string::npos);
  CHECK(started.error().message.find("virtio_fs_daemon") != std::string::npos);
  check_nothing_left(scratch);
}

TEST_CASE("a program that never answers for its version does not hold start for ever") {
  const Scratch scratch;
  const fs::path path = scratch.directory / "stuck";
  REQUIRE(write_text(path, "#!/bin/sh\nexec sleep 60\n"));
  fs::permissions(path, fs::perms::owner_all);
  const auto instance = make_instance(scratch.state, path);
  const auto begin = std::chrono::steady_clock::now();
  CHECK_FALSE(instance->start(in_seconds(1)).ok());
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  check_nothing_left(scratch);
}

TEST_CASE("a daemon that talks without end is served and can be stopped") {
  const Scratch scratch;
  const auto instance = make_instance(
      scratch.state,
      fake_daemon(scratch, "echo Waiting for vhost-user socket connection >&2; exec yes >&2"));
  start(*instance);
  CHECK(instance->stop(in_seconds(5)).ok());
  check_nothing_left(scratch);
}

TEST_CASE("a state directory with a long name still has a socket to connect to") {
  Scratch scratch;
  scratch.state = scratch.directory / std::string(120, 'x');
  fs::create_directory(scratch.state);
  const auto instance = make_instance(scratch.state);
  const VhostUserFs device = start(*instance);
  CHECK(device.socket.native().size() <= kMaxSocketPath);
  CHECK(connect_unix(device.socket).ok());
  CHECK(instance->stop(in_seconds(5)).ok());
  check_nothing_left(scratch);
}

TEST_CASE("before start there is nothing to share to and nothing to wait for") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  const auto shared = instance->share({"data", scratch.source, false});
  REQUIRE_FALSE(shared.ok());
  CHECK(shared.error().message.find("not started") != std::string::npos);
  CHECK(instance->unshare("data").ok());
  CHECK_FALSE(instance->wait().ok());
  CHECK(instance->stop(in_seconds(5)).ok());
}
