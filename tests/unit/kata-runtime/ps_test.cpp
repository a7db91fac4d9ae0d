// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "programs/kata-runtime/guest_process.h"
#include "programs/kata-runtime/ps_format.h"
#include "programs/kata-runtime/shim_pids.h"
#include "protocol/agent.pb.h"
#include "tests/fakes/fake_proxy.h"
#include "tests/unit/kata-runtime/runtime_stage.h"

using namespace kata;
using namespace kata::runtime;
using kata::fakes::FakeProxy;
using kata::test::RuntimeStage;
using kata::test::TempDir;
using kata::test::write_text;

namespace {

constexpr std::time_t kNow = 1'700'000'000;

constexpr const char* kTwo = R"({"processes":[
  {"pid":12,"ppid":1,"uid":1000,"threads":3,"state":"R","tty":"pts/0","age_ms":60000,"cpu_ms":30000,
   "vsz_kib":4096,"rss_kib":512,"comm":"worker","command":"worker --fast"},
  {"pid":1,"ppid":0,"uid":0,"threads":1,"state":"S","tty":"?","age_ms":90061000,"cpu_ms":1500,
   "vsz_kib":1024,"rss_kib":64,"comm":"sleep","command":"/bin/sleep 1000"}]})";

std::vector<GuestProcess> two() { return parse_guest_processes(kTwo).take(); }

std::string table(const Words& options) {
  const auto columns = ps_columns(options);
  REQUIRE_MESSAGE(columns.ok(), columns.error().message);
  return ps_table(columns.value(), two(), kNow);
}

void add_process(const TempDir& proc, const char* pid, const Words& words) {
  std::string text;
  for (const std::string& word : words) text += word + '\0';
  write_text(proc / pid / "cmdline", text);
}

}  // namespace

TEST_CASE("the agent's processes come sorted by pid") {
  const auto processes = two();
  REQUIRE(processes.size() == 2);
  CHECK(processes[0].pid == 1);
  CHECK(processes[1].command == "worker --fast");
  CHECK(parse_guest_processes("{}").value().empty());
}

TEST_CASE("a hostile list of processes is refused") {
  for (const char* text :
       {"", "[]", "{\"processes\":{}}", R"({"processes":[1]})", R"({"processes":[{}]})",
        R"({"processes":[{"pid":-1}]})", R"({"processes":[{"pid":4294967296}]})",
        R"({"processes":[{"pid":1,"comm":7}]})", R"({"processes":[{"pid":1,"age_ms":-1}]})",
        R"({"processes":[{"pid":1,"pid":2}]})"}) {
    const auto refused = parse_guest_processes(text);
    REQUIRE_MESSAGE(!refused.ok(), text);
    CHECK(refused.error().message.starts_with("the agent's list of processes"));
  }
}

TEST_CASE("without options the table is that of ps -ef") {
  const std::string text = table({});
  CHECK(text.starts_with("UID  PID PPID  C STIME TTY       TIME CMD\n") == true);
  CHECK(text.find("root   1    0  0 ") != std::string::npos);
  CHECK(text.find("1000  12    1 50 ") != std::string::npos);
  CHECK(text.find("pts/0 00:00:30 worker --fast\n") != std::string::npos);
  CHECK(table({"-ef"}) == text);
  CHECK(table({"-e", "-f"}) == text);
}

TEST_CASE("fields are chosen as with ps -o") {
  CHECK(table({"-o", "pid,comm"}) == "PID COMMAND\n  1 sleep\n 12 worker\n");
  CHECK(table({"-eo", "rss,vsz,nlwp,stat,args"}) ==
        "RSS  VSZ NLWP STAT COMMAND\n 64 1024    1 S    /bin/sleep 1000\n"
        "512 4096    3 R    worker --fast\n");
  CHECK(table({"-opid", "-o", "ppid=PARENT"}) == "PID PARENT\n  1      0\n 12      1\n");
  CHECK(table({"-o", "pid,etime,time,pcpu"}) ==
        "PID    ELAPSED     TIME %CPU\n  1 1-01:01:01 00:00:01  0.0\n"
        " 12      01:00 00:00:30 50.0\n");
  CHECK(table({"-o", "user,uid,tty"}) == "USER  UID TTY\nroot    0 ?\n1000 1000 pts/0\n");
}

TEST_CASE("options that a guest cannot honour are refused with what there is") {
  for (const Words& words :
       {Words{"aux"}, Words{"-l"}, Words{"-o"}, Words{"-o", "wchan"}, Words{"--forest"},
        Words{"-p", "1"}, Words{""}, Words{"-"}, Words{"-o", "pid,,comm"}})
    CHECK_MESSAGE(!ps_columns(words).ok(), words[0]);
  CHECK(ps_columns({"-o", "wchan"}).error().message.find("there are pid ") != std::string::npos);
}

TEST_CASE("a guest's command lines cannot reach the terminal") {
  GuestProcess evil;
  evil.command = "a\x1b[2Jb\nc\x7f";
  CHECK(ps_table({{"cmd", "CMD"}}, {evil}, kNow) == "CMD\na?[2Jb?c?\n");
}

TEST_CASE("huge numbers from a guest are printed and overflow nothing") {
  GuestProcess evil;
  evil.age_ms = evil.cpu_ms = evil.virtual_kib = UINT64_MAX;
  const std::string text =
      ps_table(ps_columns({"-o", "stime,etime,time,c,pcpu,vsz"}).take(), {evil}, kNow);
  CHECK(text.find("18446744073709551615") != std::string::npos);
}

TEST_CASE("the shims of a container are found by their command lines") {
  const TempDir proc;
  const std::string ours = "unix:///r/c1/proxy.sock";
  add_process(proc, "20", {"/x/kata-shim", "--agent", ours, "--container", "c1", "--exec-id", "e"});
  add_process(proc, "7", {"/x/kata-shim", "--agent", ours, "--container", "c1", "--exec-id", "c1"});
  add_process(proc, "8", {"/x/kata-shim", "--agent", ours, "--container", "c2"});
  add_process(proc, "9",
              {"/x/kata-shim", "--agent", "unix:///r/c9/proxy.sock", "--container", "c1"});
  add_process(proc, "10", {"/x/other", "--agent", ours, "--container", "c1"});
  add_process(proc, "11", {"/x/kata-shim", "--container", "c1", "--agent"});
  add_process(proc, "self", {"/x/kata-shim", "--agent", ours, "--container", "c1"});
  write_text(proc / "12/cmdline", "");
  CHECK(shim_pids("/r/c1/proxy.sock", "c1", proc.path()).value() == std::vector<pid_t>{7, 20});
}

TEST_CASE("ps prints the agent's list and JSON of the host's pids") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  grpc::GetDiagnosticDataResponse response;
  response.set_data(kTwo);
  proxy.answer_with("GetDiagnosticData", response);
  CHECK(stage.run("ps", {"c1", "-o", "pid,comm"}).out == "PID COMMAND\n  1 sleep\n 12 worker\n");
  CHECK(stage.run("ps", {"c1", "--", "-o", "pid"}).out == "PID\n  1\n 12\n");
  const auto request = proxy.request<grpc::GetDiagnosticDataRequest>("GetDiagnosticData");
  CHECK(request->container_id() == "c1");
  CHECK(request->log_type() == "processes");
  CHECK(stage.run("ps", {"--format", "json", "c1"}).out == "[]\n");
  CHECK_FALSE(stage.run("ps", {"--format", "xml", "c1"}).code.ok());
}

TEST_CASE("an agent that lists no processes is named with the remedy") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  proxy.answer("GetDiagnosticData", [](const std::string&) -> Result<std::string> {
    return make_error(ErrorCode::kInvalidArgument, "log_type");
  });
  const auto outcome = stage.run("ps", {"c1"});
  REQUIRE_FALSE(outcome.code.ok());
  CHECK(outcome.code.error().message.find("--format json") != std::string::npos);
}

TEST_CASE("a stopped container has no processes") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  stage.end_container("c1");
  CHECK_FALSE(stage.run("ps", {"c1"}).code.ok());
  CHECK(stage.run("ps", {"-f", "json", "c1"}).out == "[]\n");
}
