// SPDX-License-Identifier: Apache-2.0
//
// Our client, as kata-agent-ctl uses it, in front of containerd's server.
#include <sys/socket.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "kata/unix_socket.h"
#include "tests/component/agent-ctl/tool.h"

using namespace kata;

namespace {

class GoServer {
 public:
  GoServer() {
    SpawnRequest request;
    request.argv = {KATA_GO_PEER, "server", socket()};
    auto child = ChildProcess::spawn(std::move(request));
    REQUIRE_MESSAGE(child.ok(), child.error().message);
    child_ = child.take();
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!connect_unix(socket()).ok()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  ~GoServer() { CHECK(child_.terminate(SIGKILL, std::chrono::steady_clock::now()).ok()); }

  ToolRun run(std::vector<std::string> words) const {
    words.insert(words.begin(), {"-s", "unix://" + socket().string()});
    return run_tool(words);
  }

  std::filesystem::path socket() const { return directory_.path() / "go.sock"; }

 private:
  TemporaryDirectory directory_{};
  ChildProcess child_{};
};

}  // namespace

TEST_CASE("our client understands what a Go server answers") {
  const GoServer server;
  const struct {
    std::vector<std::string> words;
    int code;
    const char* out;
    const char* err;
  } kRows[] = {
      {{"Check"}, 0, "SERVING", ""},
      {{"Version", "-o", "json"}, 0, R"({"grpc_version":"0.0.1","agent_version":"go"})", ""},
      {{"ResumeContainer"}, 0, "", ""},  // no status and no payload
      {{"StatsContainer", "cid=c 1"},
       15,
       "",
       "NOT_FOUND: call StatsContainer: no container \"c 1\""},
      {{"StartContainer"}, 12, "", "UNKNOWN: call StartContainer: a plain error"},
      {{"PauseContainer"}, 25, "", "DATA_LOSS: "},
      {{"MemAgentMemcgSet"}, 22, "", "UNIMPLEMENTED: "},
      {{"GetDiagnosticData"}, 0, "no deadline", ""},
      {{"GetDiagnosticData", "--timeout", "60s"}, 0, "1m0s left", ""},
      {{"GetMetrics", "--timeout", "300ms"}, 14, "", "DEADLINE_EXCEEDED"},
  };
  for (const auto& [words, code, out, err] : kRows) {
    CAPTURE(words.front());
    const ToolRun run = server.run(words);
    CHECK(run.code == code);
    CHECK_MESSAGE(contains(run.out, out), run.out);
    CHECK_MESSAGE(contains(run.err, err), run.err);
  }
}

TEST_CASE("replies up to 4 MiB are taken and a longer one fails only its own call") {
  const GoServer server;
  // A tag and a length of four bytes are in the field; a tag and as many in the reply around it.
  const ToolRun most = server.run({"ReadStdout", "len=4194294"});
  CHECK_MESSAGE(most.code == 0, most.err);
  CHECK(most.out == std::string(4194294, 'x'));
  const ToolRun more =
      server.run({"-c", "ReadStdout len=4194295", "-c", "Check", "--ignore-errors"});
  CHECK(more.code == 18);
  CHECK_MESSAGE(contains(more.err, "the reply has 4194305 bytes; ttRPC allows at most 4194304"),
                more.err);
  CHECK(contains(more.out, "SERVING"));
}

TEST_CASE("concurrent calls of one connection are told apart when replies come in any order") {
  const GoServer server;
  const ToolRun run = server.run({"bench", "WaitProcess", "--count", "800", "--concurrency", "8",
                                  "--warmup", "16", "-o", "json"});
  CHECK_MESSAGE(run.code == 0, run.err);
  const auto report = nlohmann::json::parse(run.out);
  CHECK(report["calls"] == 800);
  CHECK(report["connections"] == 1);
}

TEST_CASE("a Go server that ends in the middle of a call is a lost connection") {
  const GoServer server;
  const ToolRun run = server.run({"DestroySandbox"});
  CHECK(run.code == 3);
  CHECK_MESSAGE(contains(run.err, "call DestroySandbox: "), run.err);
}
