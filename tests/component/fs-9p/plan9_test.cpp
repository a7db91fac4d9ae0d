// SPDX-License-Identifier: Apache-2.0
#include "plan9.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>

#include <future>

#include "tests/component/share-tree/scratch.h"
#include "tests/fakes/quiet_host.h"

using namespace kata;
using namespace kata::plan9;
using namespace kata::share::test;

namespace {

std::unique_ptr<Plan9> make_instance(const fs::path& state, const std::string& saved_state = "") {
  static fakes::QuietHost host;
  auto made = Plan9::create({host, R"({"msize_9p":131072})", "test", state, saved_state});
  REQUIRE_MESSAGE(made.ok(), made.error().message);
  return made.take();
}

Plan9Share start(Plan9& instance) {
  auto started = instance.start(in_seconds(20));
  REQUIRE_MESSAGE(started.ok(), started.error().message);
  return std::get<Plan9Share>(started.value().device.value());
}

void check_nothing_left(const Scratch& scratch) {
  CHECK(scratch.mounts().empty());
  CHECK(fs::is_empty(scratch.state));
}

// Starts an instance in a child process, with two shares, and kills that process.
void kill_predecessor(const Scratch& scratch) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    const auto instance = make_instance(scratch.state);
    start(*instance);
    const bool shared = instance->share({"data", scratch.source, false}).ok() &&
                        instance->share({"file", scratch.source / "file", true}).ok();
    if (!shared || ::write(ends[1], "y", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  ::close(ends[1]);
  char ready = 0;
  const ssize_t got = ::read(ends[0], &ready, 1);
  ::close(ends[0]);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  REQUIRE(got == 1);
}

}  // namespace

TEST_CASE("the VMM is told what to serve and stop leaves nothing") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  REQUIRE(instance->check_host().ok());
  CHECK_FALSE(instance->needs().shared_memory);
  CHECK(instance->needs().plan9);
  const Plan9Share device = start(*instance);
  CHECK(device.tag == "kataShared");
  CHECK(device.host_path == scratch.state / "shared");
  CHECK_FALSE(device.read_only);  // each share says so for itself
  REQUIRE(instance->stop(in_seconds(5)).ok());
  REQUIRE(instance->stop(in_seconds(5)).ok());
  check_nothing_left(scratch);
}

TEST_CASE("the guest is told where the 9p share is and how to mount it") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  auto started = instance->start(in_seconds(20));
  REQUIRE(started.ok());
  const GuestMount& mount = started.value().guest_mount;
  CHECK(mount.driver == "9p");
  CHECK(mount.fstype == "9p");
  CHECK(mount.source == "kataShared");
  CHECK(mount.mount_point == "/run/kata-containers/shared/containers/");
  CHECK(mount.options == mount_options({131072, "mmap"}));
  CHECK(instance->stop(in_seconds(5)).ok());
}

TEST_CASE("what is shared before and after the VMM opened the export is seen through it") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  const Plan9Share device = start(*instance);
  REQUIRE(instance->share({"before", scratch.source, false}).ok());
  const UniqueFd export_root(::open(device.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(export_root);
  const auto share = instance->share({"after", scratch.source, true});
  REQUIRE(share.ok());
  CHECK(share.value().guest_path == "/run/kata-containers/shared/containers/after");
  const fs::path seen = fs::path("/proc/self/fd") / std::to_string(export_root.get());
  CHECK(read_text(seen / "before/file") == "hello");
  CHECK(read_text(seen / "after/file") == "hello");
  CHECK(write_text(seen / "before/new", "x"));
  CHECK_FALSE(write_text(seen / "after/new", "x"));
  CHECK_FALSE(write_text(seen / "planted", "x"));
  REQUIRE(instance->unshare("before").ok());
  CHECK_FALSE(fs::exists(seen / "before"));
  CHECK(instance->stop(in_seconds(5)).ok());
  check_nothing_left(scratch);
}

TEST_CASE("starting 9p twice is refused and the first goes on") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  start(*instance);
  REQUIRE(instance->share({"data", scratch.source, false}).ok());
  const auto again = instance->start(in_seconds(5));
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == ErrorCode::kAlreadyExists);
  CHECK(read_text(scratch.state / "shared/data/file") == "hello");
  CHECK(instance->stop(in_seconds(5)).ok());
}

TEST_CASE("a 9p instance can be started again after it was stopped") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  for (int round = 0; round < 2; ++round) {
    start(*instance);
    REQUIRE(instance->share({"data", scratch.source, false}).ok());
    REQUIRE(instance->stop(in_seconds(5)).ok());
    check_nothing_left(scratch);
  }
}

TEST_CASE("waiting for 9p ends with stop and not before") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  start(*instance);
  auto waiting = std::async(std::launch::async, [&] { return instance->wait(); });
  CHECK(waiting.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  CHECK(instance->stop(in_seconds(5)).ok());
  REQUIRE(waiting.wait_for(std::chrono::seconds(5)) == std::future_status::ready);
  CHECK(waiting.get().value() == "9p was stopped");
}

TEST_CASE("before start there is no 9p to share to and none to wait for") {
  const Scratch scratch;
  const auto instance = make_instance(scratch.state);
  const auto shared = instance->share({"data", scratch.source, false});
  REQUIRE_FALSE(shared.ok());
  CHECK(shared.error().message.find("not started") != std::string::npos);
  CHECK(instance->unshare("data").ok());
  CHECK_FALSE(instance->wait().ok());
  CHECK(instance->stop(in_seconds(5)).ok());
}

TEST_CASE("a 9p instance shares to and clears what a killed one left") {
  const Scratch scratch;
  kill_predecessor(scratch);
  CHECK(scratch.mounts().size() == 6);
  const auto instance = make_instance(scratch.state, "{}");
  CHECK(instance->share({"more", scratch.source, false}).ok());
  CHECK(read_text(scratch.state / "shared/more/file") == "hello");
  REQUIRE(instance->stop(in_seconds(5)).ok());
  check_nothing_left(scratch);
  CHECK(read_text(scratch.source / "file") == "hello");
}

TEST_CASE("a start over what a killed one left is refused and clears it") {
  const Scratch scratch;
  kill_predecessor(scratch);
  const auto instance = make_instance(scratch.state);
  CHECK_FALSE(instance->start(in_seconds(5)).ok());
  check_nothing_left(scratch);
}
