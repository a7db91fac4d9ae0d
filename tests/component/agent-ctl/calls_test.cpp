// SPDX-License-Identifier: Apache-2.0
//
// Every call of the agent through the tool: it is sent, and the answer or the documented code comes
// back.
#include <map>

#include "tests/component/agent-ctl/fixture.h"

namespace {

struct Row {
  std::vector<std::string> words;
  int code = 0;
  const char* part = "";  // of stdout after success, of stderr otherwise
};

constexpr int kInvalidArgument = 13, kDeadline = 14, kNotFound = 15, kPrecondition = 19,
              kUnimplemented = 22, kInternal = 23, kUnavailable = 24;

std::vector<Row> container_rows(const std::string& bundle) {
  return {
      {{"Check"}, 0, "SERVING"},
      {{"Version"}, 0, "agent_version 4.1.0"},
      {{"CreateSandbox"}, kPrecondition, "FAILED_PRECONDITION"},
      {{"CreateContainer", "cid=c1", bundle}, 0},
      {{"StartContainer", "cid=c1"}, 0},
      {{"WriteStdin", "cid=c1", "data=hello"}, 0, "5"},
      {{"ReadStdout", "cid=c1"}, 0, "hello"},
      {{"ReadStderr", "cid=c1", "--timeout", "200ms"}, kDeadline, "DEADLINE_EXCEEDED"},
      {{"StatsContainer", "cid=c1"}, 0, "cgroup_stats.memory_stats"},
      {{"PauseContainer", "cid=c1"}, 0},
      {{"ResumeContainer", "cid=c1"}, 0},
      {{"UpdateContainer", "cid=c1", "resources.Pids.Limit=50"}, 0},
      {{"GetDiagnosticData", "cid=c1", "log_type=processes"}, 0, "cat"},
      {{"ExecProcess", "cid=c1", "exec_id=e1", "process.Args=/bin/true", "process.Cwd=/"}, 0},
      {{"WaitProcess", "cid=c1", "exec_id=e1"}, 0, "status 0"},
      {{"TtyWinResize", "cid=c1"}, kUnavailable, "no tty"},
      {{"SignalProcess", "cid=c1", "signal=CONT"}, 0},
      {{"CloseStdin", "cid=c1"}, 0},
      {{"WaitProcess", "cid=c1"}, 0, "status 0"},
      {{"RemoveContainer", "cid=c1"}, 0},
      {{"WaitProcess", "cid=c1"}, kInvalidArgument, "Invalid container id"},
  };
}

std::vector<Row> guest_rows(const DrivenAgent& driven) {
  const std::string shared = driven.agent.run_dir() / "shared/containers/passwd";
  return {
      {{"UpdateEphemeralMounts"}, 0},
      {{"RemoveStaleVirtiofsShareMounts"}, 0},
      {{"UpdateInterface"}, kInvalidArgument, "the request has no interface"},
      {{"UpdateRoutes"}, kInvalidArgument, "the request has no routes"},
      {{"AddARPNeighbors"}, kInvalidArgument, "INVALID_ARGUMENT"},
      {{"ListInterfaces"}, 0, "lo"},
      {{"ListRoutes"}, 0, "GATEWAY"},
      {{"GetIPTables"}, 0},
      {{"SetIPTables", "data=*filter\nCOMMIT\n"}, 0},
      {{"GetMetrics"}, 0, "kata_agent_threads"},
      {{"MemAgentMemcgSet", "disabled=true"}, kUnimplemented, "UNIMPLEMENTED"},
      {{"MemAgentCompactSet", "disabled=true"}, kUnimplemented, "UNIMPLEMENTED"},
      {{"OnlineCPUMem", "cpu_only=true"}, 0},
      {{"ReseedRandomDev"}, 0},
      {{"GetGuestDetails"}, 0, "agent_details.version"},
      {{"MemHotplugByProbe", "memHotplugProbeAddr=0"}, kUnimplemented, "UNIMPLEMENTED"},
      {{"SetGuestDateTime", "Sec=-1"}, kInternal, "set the clock"},
      {{"CopyFile", "src=/etc/passwd", "dest=" + shared}, 0},
      {{"GetOOMEvent", "--timeout", "200ms"}, kDeadline, "DEADLINE_EXCEEDED"},
      {{"AddSwap"}, kInvalidArgument, "PCIPath"},
      {{"AddSwapPath", "path=/nonexistent"}, kNotFound, "/nonexistent"},
      {{"GetVolumeStats", "volume_guest_path=/"}, 0, "BYTES"},
      {{"ResizeVolume", "volume_guest_path=/", "size=1"}, kUnimplemented, "not implemented"},
      {{"SetPolicy", "policy=x"}, kUnimplemented, "no policy engine"},
      {{"DestroySandbox"}, 0},
  };
}

void check(const DrivenAgent& driven, const Row& row) {
  std::string line;
  for (const std::string& word : row.words) line += word + " ";
  const ToolRun run = driven.run(row.words);
  const std::string shown = line + "-> " + std::to_string(run.code) + "\n" + run.out + run.err;
  CHECK_MESSAGE(run.code == row.code, shown);
  CHECK_MESSAGE(contains(row.code == 0 ? run.out : run.err, row.part), shown);
}

}  // namespace

TEST_CASE("every call is sent and comes back with its answer or code") {
  DrivenAgent driven;
  std::map<std::string, int> called;
  for (const auto& rows : {container_rows(driven.bundle(R"(["cat"])")), guest_rows(driven)})
    for (const Row& row : rows) {
      check(driven, row);
      ++called[row.words.front()];
    }
  CHECK(called.size() == 44);
  std::ifstream copied(driven.agent.run_dir() / "shared/containers/passwd");
  std::ifstream original("/etc/passwd");
  CHECK(std::string(std::istreambuf_iterator<char>(copied), {}) ==
        std::string(std::istreambuf_iterator<char>(original), {}));
  std::filesystem::remove_all(driven.agent.run_dir());
}

TEST_CASE("a session carries ids from line to line") {
  DrivenAgent driven;
  const std::string create =
      "CreateContainer " + driven.bundle(R"(["sh", "-c", "echo out; echo err >&2; exit 7"])");
  const ToolRun run = driven.run({"-c", create, "-c", "StartContainer", "-c",
                                  "ReadStdout --until-empty", "-c", "ReadStderr --until-empty",
                                  "-c", "WaitProcess --output json", "-c", "RemoveContainer"});
  CHECK_MESSAGE(run.code == 0, run.err);
  CHECK(run.out == "out\nerr\n{\"status\":7}\n");
  CHECK(contains(run.err, "kata-agent-ctl: container_id="));
}
