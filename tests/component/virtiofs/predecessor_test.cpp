// SPDX-License-Identifier: Apache-2.0
//
// What a killed process leaves in a state directory, and the instance that clears it up.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>

#include "instance.h"
#include "kata/unix_socket.h"

using namespace kata;
using namespace kata::virtiofs;
using namespace kata::virtiofs::test;

namespace {

struct Left {
  std::string saved_state{};
  pid_t daemon = 0, inner = 0;
};

// Starts an instance in a child process, with two shares and a connected client, and kills that
// process. The daemon is not told: its parent's death kills it.
Left killed_predecessor(const Scratch& scratch) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    const auto instance = make_instance(scratch.state);
    const VhostUserFs device = start(*instance);
    const auto client = connect_unix(device.socket);
    const bool shared = instance->share({"data", scratch.source, false}).ok() &&
                        instance->share({"file", scratch.source / "file", true}).ok();
    const pid_t daemon = daemon_pid(*instance);
    const bool serving = eventually([&] { return sandboxed_pid(daemon) != 0; });
    const std::string text = concat(instance->save_state().value(), '\n', sandboxed_pid(daemon));
    if (!client.ok() || !shared || !serving || ::write(ends[1], text.data(), text.size()) < 0)
      ::_exit(1);
    for (;;) ::pause();
  }
  ::close(ends[1]);
  char buffer[256];
  const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
  ::close(ends[0]);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  REQUIRE(got > 0);
  const std::string text(buffer, static_cast<std::size_t>(got));
  const std::size_t newline = text.find('\n');
  Left left;
  left.saved_state = text.substr(0, newline);
  left.daemon = record_from_json(left.saved_state).value().pid;
  left.inner = static_cast<pid_t>(std::stol(text.substr(newline + 1)));
  return left;
}

}  // namespace

TEST_CASE("the daemon and its sandboxed part die with the process that started them") {
  const Scratch scratch;
  const Left left = killed_predecessor(scratch);
  CHECK(eventually([&] { return !process_exists(left.daemon) && !process_exists(left.inner); }));
}

TEST_CASE("an instance clears what a killed one left and needs no saved state for it") {
  for (const bool with_state : {false, true}) {
    const Scratch scratch;
    const Left left = killed_predecessor(scratch);
    CHECK(scratch.mounts().size() == 6);
    const auto instance = make_instance(scratch.state, "", with_state ? left.saved_state : "");
    REQUIRE(instance->stop(in_seconds(5)).ok());
    CHECK(scratch.mounts().empty());
    CHECK(fs::is_empty(scratch.state));
    CHECK_FALSE(process_exists(left.daemon));
    CHECK(read_text(scratch.source / "file") == "hello");
  }
}

TEST_CASE("a daemon that is still running is killed by the record in the state directory") {
  const Scratch scratch;
  const auto first = make_instance(scratch.state);
  start(*first);
  const pid_t pid = daemon_pid(*first);
  const auto second = make_instance(scratch.state);
  REQUIRE(second->stop(in_seconds(5)).ok());
  CHECK_FALSE(process_exists(pid));
  CHECK(scratch.mounts().empty());
  CHECK(first->stop(in_seconds(5)).ok());
}

TEST_CASE("an instance with the saved state of a running one can share") {
  const Scratch scratch;
  const auto first = make_instance(scratch.state);
  start(*first);
  const auto second = make_instance(scratch.state, "", first->save_state().value());
  REQUIRE(second->share({"data", scratch.source, false}).ok());
  CHECK(read_text(scratch.state / "shared/data/file") == "hello");
  CHECK(second->stop(in_seconds(5)).ok());
  CHECK(first->stop(in_seconds(5)).ok());
  CHECK(fs::is_empty(scratch.state));
}

TEST_CASE("a damaged record or a missing directory does not keep stop from clearing up") {
  const Scratch scratch;
  killed_predecessor(scratch);
  REQUIRE(write_text(scratch.state / "daemon", "{\"pid\":1,\"start_time\":0}"));
  REQUIRE(make_instance(scratch.state)->stop(in_seconds(5)).ok());
  CHECK(scratch.mounts().empty());
  fs::remove_all(scratch.state);
  CHECK(make_instance(scratch.state)->stop(in_seconds(5)).ok());
}
