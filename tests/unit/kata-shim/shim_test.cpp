// SPDX-License-Identifier: Apache-2.0
//
// The kata-shim program against an agent whose process does what the test says.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <functional>

#include "kata/child_process.h"
#include "tests/unit/kata-runtime/temp_dir.h"
#include "tests/unit/kata-shim/fake_agent.h"

using namespace kata;
using kata::test::FakeAgent;
using kata::test::read_text;
using kata::test::TempDir;
using kata::test::write_text;

namespace {

constexpr std::chrono::seconds kPatience{10};

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::usleep(2000);
  }
  return true;
}

// A shim whose stdin is a file, and whose stdout and stderr go to files.
class Shim {
 public:
  explicit Shim(const std::string& input = "") : agent_(dir_ / "s") {
    write_text(dir_ / "in", input);
    start(UniqueFd(::open((dir_ / "in").c_str(), O_RDONLY | O_CLOEXEC)));
  }
  explicit Shim(UniqueFd input) : agent_(dir_ / "s") { start(std::move(input)); }
  ~Shim() { static_cast<void>(process_.kill(SIGKILL)); }

  FakeAgent& agent() { return agent_; }
  ChildProcess& process() { return process_; }
  std::string out() const { return read_text(dir_ / "out"); }
  std::string err() const { return read_text(dir_ / "err"); }

  int exit_code() {
    const auto status = process_.wait(std::chrono::steady_clock::now() + kPatience);
    REQUIRE(status.ok());
    REQUIRE(status.value().has_value());
    return status.value()->code;
  }

 private:
  void start(UniqueFd input) {
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
    const UniqueFd out(::open((dir_ / "out").c_str(), flags, 0600));
    const UniqueFd err(::open((dir_ / "err").c_str(), flags, 0600));
    SpawnRequest spawn;
    spawn.argv = {KATA_SHIM,   "--agent", "unix://" + (dir_ / "s").string(), "--container", "c1",
                  "--exec-id", "e1"};
    if (input) spawn.descriptors.push_back({input.get(), 0});
    spawn.descriptors.push_back({out.get(), 1});
    spawn.descriptors.push_back({err.get(), 2});
    process_ = ChildProcess::spawn(std::move(spawn)).take();
    REQUIRE(eventually([this] { return agent_.asked_to_wait(); }));
  }

  TempDir dir_{};
  FakeAgent agent_;
  ChildProcess process_{};
};

}  // namespace

TEST_CASE("the workload's exit code is the shim's") {
  for (const int code : {0, 7, 137, 255}) {
    Shim shim;
    shim.agent().exit(code);
    shim.agent().end_output();
    CHECK(shim.exit_code() == code);
    CHECK(shim.agent().named() == "c1/e1");
  }
}

TEST_CASE("stdout and stderr go to their own descriptors") {
  Shim shim;
  shim.agent().print("out\n");
  shim.agent().print_error("err\n");
  shim.agent().exit(0);
  shim.agent().end_output();
  CHECK(shim.exit_code() == 0);
  CHECK(shim.out() == "out\n");
  CHECK(shim.err() == "err\n");
}

TEST_CASE("output that comes after the exit is not lost") {
  Shim shim;
  shim.agent().exit(3);
  const auto early =
      shim.process().wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
  REQUIRE(early.ok());
  CHECK_FALSE(early.value().has_value());
  shim.agent().print("the last words\n");
  shim.agent().end_output();
  CHECK(shim.exit_code() == 3);
  CHECK(shim.out() == "the last words\n");
}

TEST_CASE("a file on stdin arrives whole and then stdin is closed") {
  std::string input(1'000'003, '\0');
  for (std::size_t at = 0; at < input.size(); ++at) input[at] = static_cast<char>(at * 7 >> 3);
  Shim shim(input);
  CHECK(eventually([&] { return shim.agent().input_closed(); }));
  CHECK((shim.agent().input() == input));
  shim.agent().exit(0);
  shim.agent().end_output();
  CHECK(shim.exit_code() == 0);
}

TEST_CASE("a null device on stdin is an end and not an error") {
  Shim shim{UniqueFd()};
  CHECK(eventually([&] { return shim.agent().input_closed(); }));
  CHECK(shim.agent().input().empty());
  shim.agent().exit(0);
  shim.agent().end_output();
  CHECK(shim.exit_code() == 0);
}

TEST_CASE("a stdin that never ends does not keep the shim") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd writer(ends[1]);
  Shim shim{UniqueFd(ends[0])};
  shim.agent().exit(4);
  shim.agent().end_output();
  CHECK(shim.exit_code() == 4);
}

TEST_CASE("signals reach the workload and not the shim") {
  Shim shim;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGQUIT}) {
    REQUIRE(shim.process().kill(signal).ok());
    CHECK(eventually([&] {
      const auto seen = shim.agent().signals();
      return !seen.empty() && seen.back() == signal;
    }));
  }
  shim.agent().exit(143);
  shim.agent().end_output();
  CHECK(shim.exit_code() == 143);
}

TEST_CASE("a reader that has gone does not end the workload") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  UniqueFd reader(ends[0]), writer(ends[1]);
  const TempDir dir;
  FakeAgent agent(dir / "s");
  SpawnRequest spawn;
  spawn.argv = {KATA_SHIM,   "--agent", "unix://" + (dir / "s").string(), "--container", "c1",
                "--exec-id", "c1"};
  spawn.descriptors = {{writer.get(), 1}};
  auto shim = ChildProcess::spawn(std::move(spawn)).take();
  reader.reset();
  writer.reset();
  for (int at = 0; at < 50; ++at) agent.print(std::string(10'000, 'x'));
  agent.exit(9);
  agent.end_output();
  const auto status = shim.wait(std::chrono::steady_clock::now() + kPatience);
  REQUIRE(status.ok());
  REQUIRE(status.value().has_value());
  CHECK(status.value()->code == 9);
}

TEST_CASE("a sandbox that goes is told on stderr and by code 255") {
  Shim shim;
  shim.agent().stop();
  CHECK(shim.exit_code() == 255);
  CHECK(shim.err().find("is gone") != std::string::npos);
  CHECK(shim.out().empty());
}

TEST_CASE("an agent that is not there is an error that names the socket") {
  const TempDir dir;
  SpawnRequest spawn;
  const UniqueFd err(::open((dir / "err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  spawn.argv = {KATA_SHIM,   "--agent", "unix:///no/such/socket", "--container", "c1",
                "--exec-id", "c1"};
  spawn.descriptors = {{err.get(), 2}};
  auto shim = ChildProcess::spawn(std::move(spawn)).take();
  const auto status = shim.wait(std::chrono::steady_clock::now() + kPatience);
  REQUIRE(status.ok());
  CHECK(status.value()->code == 255);
  CHECK(read_text(dir / "err").find("/no/such/socket") != std::string::npos);
}
