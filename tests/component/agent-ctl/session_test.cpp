// SPDX-License-Identifier: Apache-2.0
//
// The tool around the calls: repetition, time limits, exit codes, the shell, completion, benches.
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/component/agent-ctl/fixture.h"

using namespace kata;

namespace {

auto count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

// The tool on a terminal of its own.
class Terminal {
 public:
  explicit Terminal(const std::string& address) {
    master_.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE((master_ && ::grantpt(master_.get()) == 0 && ::unlockpt(master_.get()) == 0));
    const UniqueFd line(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    const winsize size{50, 200, 0, 0};
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
    ::setenv("TERM", "dumb", 1);
    ::setenv("HOME", home_.path().c_str(), 1);
    ::unsetenv("XDG_STATE_HOME");
    SpawnRequest request;
    request.argv = {KATA_AGENT_CTL, "-s", address};
    request.descriptors = {{line.get(), 0}, {line.get(), 1}, {line.get(), 2}};
    auto child = ChildProcess::spawn(std::move(request));
    REQUIRE_MESSAGE(child.ok(), child.error().message);
    child_ = child.take();
    expect("agent> ");
  }

  void type(const std::string& keys) {
    REQUIRE(::write(master_.get(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }

  // Waits until the terminal has shown this since the last time.
  void expect(const std::string& text) {
    wait_for(text, [] {});
  }

  // Ctrl-C, as often as it takes: the call may not be under way yet.
  void interrupt_until(const std::string& text) {
    wait_for(text, [this] { CHECK(child_.kill(SIGINT).ok()); });
  }

  int wait() {
    const auto ended = child_.wait(in_seconds(20));
    REQUIRE((ended.ok() && ended.value().has_value()));
    return ended.value()->code;
  }

  std::filesystem::path history() const {
    return home_.path() / ".local/state/kata-agent-ctl/history";
  }

 private:
  void wait_for(const std::string& text, const std::function<void()>& meanwhile) {
    for (const Deadline deadline = in_seconds(20); !contains(shown_, text);) {
      REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, "waited for ", text, " in ",
                      shown_);
      pollfd item{master_.get(), POLLIN, 0};
      char buffer[4096];
      if (::poll(&item, 1, 100) != 1) {
        meanwhile();
        continue;
      }
      const ssize_t got = ::read(master_.get(), buffer, sizeof buffer);
      if (got > 0) shown_.append(buffer, static_cast<std::size_t>(got));
    }
    shown_.erase(0, shown_.find(text) + text.size());
  }

  TemporaryDirectory home_{};
  UniqueFd master_{};
  ChildProcess child_{};
  std::string shown_{};
};

}  // namespace

TEST_CASE("a call is repeated and stops at its first failure unless told otherwise") {
  DrivenAgent driven;
  CHECK(count(driven.run({"Check", "--repeat", "3", "-o", "json"}).out, "SERVING") == 3);
  const ToolRun stopped = driven.run({"StatsContainer", "cid=none", "--repeat", "3"});
  CHECK(stopped.code == 13);
  CHECK(count(stopped.err, "INVALID_ARGUMENT") == 1);
  const ToolRun all =
      driven.run({"StatsContainer", "cid=none", "--repeat", "3", "--ignore-errors"});
  CHECK(all.code == 13);
  CHECK(count(all.err, "INVALID_ARGUMENT") == 3);
}

TEST_CASE("a time limit ends a call that waits") {
  DrivenAgent driven;
  const auto start = std::chrono::steady_clock::now();
  const ToolRun run = driven.run({"GetOOMEvent", "--timeout", "300ms", "--output", "json"});
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(300));
  CHECK(run.code == 14);
  CHECK(nlohmann::json::parse(run.out)["error"]["status"] == "DEADLINE_EXCEEDED");
}

TEST_CASE("the exit code tells where it failed") {
  DrivenAgent driven;
  const struct {
    std::vector<std::string> words;
    int code;
    const char* part;
  } kRows[] = {
      {{"Fly"}, 2, "'Fly' is no RPC and no command"},
      {{"Check", "--fly"}, 2, "--fly"},
      {{"repeat", "x", "Check"}, 2, "repeat 'x': expected a number"},
      {{"describe"}, 2, "describe: expected describe RPC"},
      {{"-c", "Check 'x"}, 2, "is closed"},
      {{"StartContainer", "cif=x"}, 1, "has no field 'cif'"},
      {{"CreateContainer", "bundle=/nonexistent"}, 1, "/nonexistent"},
      {{"StartContainer", "cid=none"}, 23, "INTERNAL"},
      {{"-c", "SetPolicy", "-c", "Check"}, 22, "UNIMPLEMENTED"},
      {{"bench", "StatsContainer", "cid=none", "--count", "3"}, 13, ""},
  };
  for (const auto& [words, code, part] : kRows) {
    CAPTURE(part);
    const ToolRun run = driven.run(words);
    CHECK(run.code == code);
    CHECK_MESSAGE(contains(run.err, part), run.err);
    CHECK_FALSE(contains(run.out, "SERVING"));
  }
  CHECK(run_tool({"-s", "unix:///nonexistent/agent.sock", "Check"}).code == 3);
  ::unsetenv("KATA_AGENT_SERVER_ADDR");
  CHECK(run_tool({"Check"}).code == 3);
}

TEST_CASE("a connection that is lost in the middle of a call is code 3") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "s.sock";
  const UniqueFd listening = listen_unix(path).take();
  std::thread peer([&] {
    const UniqueFd connection(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char byte;
    (void)!::read(connection.get(), &byte, 1);
  });
  const ToolRun run = run_tool({"-s", "unix://" + path.string(), "Check"});
  peer.join();
  CHECK(run.code == 3);
  CHECK_MESSAGE(contains(run.err, "call Check: "), run.err);
}

TEST_CASE("a serial line is served by an agent behind the socket") {
  DrivenAgent driven;
  const ToolRun run = run_tool({"-s", "serial://" + driven.agent.socket().string(), "-c", "Check",
                                "-c", "Version --output json", "--timeout", "20s"});
  CHECK_MESSAGE(run.code == 0, run.err);
  CHECK(contains(run.out, "SERVING"));
}

TEST_CASE("a shell by pipe runs its lines until one fails") {
  DrivenAgent driven;
  const ToolRun run = driven.run({},
                                 "# a remark\n\nset --output json\nrepeat 2 Check\n"
                                 "StatsContainer cid=none\necho never\n");
  CHECK(run.code == 13);
  CHECK(count(run.out, "{\"status\":\"SERVING\"}\n") == 2);
  CHECK_FALSE(contains(run.out, "never"));
  const ToolRun all = driven.run({"shell", "--ignore-errors"},
                                 "StatsContainer cid=none\necho 'a  b'\nquit\nCheck\n");
  CHECK(all.code == 13);
  CHECK(all.out == "a  b\n");
}

TEST_CASE("on a terminal words are completed and lines remembered and calls interrupted") {
  DrivenAgent driven;
  Terminal terminal(driven.address());
  terminal.type("Chec\t");
  terminal.expect("Check ");
  terminal.type("\n");
  terminal.expect("SERVING");
  terminal.expect("agent> ");
  terminal.type("CreateSandbox host\t");
  terminal.expect("hostname=");
  terminal.type("\x15GetOOMEvent\n");
  terminal.interrupt_until("CANCELLED");
  terminal.expect("agent> ");
  terminal.type("Version\n");
  terminal.expect("4.1.0");
  terminal.expect("agent> ");
  terminal.type("quit\n");
  CHECK(terminal.wait() == 0);
  std::ifstream history(terminal.history());
  const std::string kept(std::istreambuf_iterator<char>(history), {});
  CHECK(contains(kept, "Check"));
  CHECK(contains(kept, "GetOOMEvent"));
}

TEST_CASE("a bench counts its calls and its percentiles are in order") {
  DrivenAgent driven;
  const ToolRun run = driven.run({"bench", "Check", "--count", "500", "--concurrency", "8",
                                  "--connections", "2", "--output", "json"});
  CHECK_MESSAGE(run.code == 0, run.err);
  const auto report = nlohmann::json::parse(run.out);
  CHECK(report["calls"] == 500);
  CHECK(report["failed"] == 0);
  CHECK(report["connections"] == 2);
  std::uint64_t before = 0;
  for (const char* name : {"min", "p50", "p90", "p99", "max"}) {
    const auto time = report["latency_ns"][name].get<std::uint64_t>();
    CHECK(time >= before);
    before = time;
  }
  CHECK(before > 0);
  const auto timed = nlohmann::json::parse(
      driven.run({"bench", "Version", "--duration", "1s", "--output", "json"}).out);
  CHECK(timed["seconds"].get<double>() >= 1.0);
  CHECK(timed["calls"].get<std::uint64_t>() > 1);
}

TEST_CASE("the bash script completes through the program") {
  const std::filesystem::path program = KATA_AGENT_CTL;
  const std::string script =
      "export PATH=" + program.parent_path().string() +
      ":$PATH; eval \"$(kata-agent-ctl completion bash)\"\n"
      "try() { COMP_LINE=$1; COMP_POINT=${#1}; COMP_WORDS=(\"${@:2}\"); "
      "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _kata_agent_ctl; printf '<%s>' \"${COMPREPLY[@]}\"; "
      "}\n"
      "try 'kata-agent-ctl CreateC' kata-agent-ctl CreateC\n"
      "try 'kata-agent-ctl CreateContainer sandbox_pidns=t' kata-agent-ctl CreateContainer "
      "sandbox_pidns = t\n"
      "try 'kata-agent-ctl CreateContainer OCI.Ho' kata-agent-ctl CreateContainer OCI.Ho\n";
  FILE* const pipe = ::popen(("bash -c '" +
                              [&] {
                                std::string quoted;
                                for (const char c : script)
                                  quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
                                return quoted;
                              }() +
                              "'")
                                 .c_str(),
                             "re");
  REQUIRE(pipe != nullptr);
  char buffer[1024];
  std::string out;
  while (const std::size_t got = ::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, got);
  CHECK(::pclose(pipe) == 0);
  CHECK(out == "<CreateContainer ><true ><OCI.Hooks.><OCI.Hostname=>");
}
