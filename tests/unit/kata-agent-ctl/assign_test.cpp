// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/assign.h"

#include <fstream>

#include "request.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agentctl;

TEST_CASE("values are put where their paths lead") {
  const struct {
    const char* method;
    Words words;
    const char* json;  // without the fields that are empty
  } kRows[] = {
      {"StartContainer", {"container_id=c1"}, R"("container_id":"c1")"},
      {"StartContainer", {"cid=c1"}, R"("container_id":"c1")"},
      {"StartContainer", {"containerId=c1", "container_id=c2"}, R"("container_id":"c2")"},
      {"StartContainer", {"cid="}, R"("container_id":"")"},
      {"StartContainer", {"cid=@@x"}, R"("container_id":"@x")"},
      {"StartContainer", {"cid=a=b"}, R"("container_id":"a=b")"},
      {"CreateSandbox", {"dns=a", "dns=b"}, R"("dns":["a","b"])"},
      {"CreateSandbox", {R"(dns=["a","b"])", "dns.0=c", "dns.2=d"}, R"("dns":["c","b","d"])"},
      {"CreateSandbox", {"sandbox_pidns=true"}, R"("sandbox_pidns":true)"},
      {"CreateSandbox", {"sandbox_pidns=1", "sandbox_pidns=0"}, R"("sandbox_pidns":false)"},
      {"CreateSandbox",
       {"storages.0.driver=local", "storages.0.options=mode=0777"},
       R"("driver":"local")"},
      {"CreateSandbox",
       {R"(storages={"driver":"9p"})", R"(storages=[{"driver":"blk"}])"},
       R"("driver":"blk")"},
      {"CreateSandbox",
       {"storages.0.fs_group.group_change_policy=OnRootMismatch"},
       R"("group_change_policy":"OnRootMismatch")"},
      {"CreateSandbox",
       {"storages.0.fs_group.group_change_policy=1"},
       R"("group_change_policy":"OnRootMismatch")"},
      {"CreateContainer", {"OCI.Process.Args=sh", "OCI.Process.Args=-c"}, R"("Args":["sh","-c"])"},
      {"CreateContainer", {"oci.process.user.uid=1000"}, R"("UID":1000)"},
      {"CreateContainer", {"OCI.Annotations.io.kata.x=y"}, R"("Annotations":{"io.kata.x":"y"})"},
      {"CreateContainer", {R"(OCI.Linux={"Namespaces":[{"Type":"pid"}]})"}, R"("Type":"pid")"},
      {"SignalProcess", {"signal=TERM"}, R"("signal":15)"},
      {"SignalProcess", {"signal=sigkill"}, R"("signal":9)"},
      {"SignalProcess", {"signal=0"}, R"("signal":0)"},
      {"CopyFile", {"file_mode=0100644", "uid=-1"}, R"("file_mode":33188)"},
      {"CopyFile", {"offset=0x10"}, R"("offset":"16")"},
      {"CopyFile", {"data=hi"}, R"("data":"aGk=")"},
      {"AddSwap", {"PCIPath=2", "PCIPath=3"}, R"("PCIPath":[2,3])"},
      {"MemAgentMemcgSet", {"disabled=false"}, R"("disabled":false)"},
      {"UpdateRoutes", {"routes.Routes.0.family=v6"}, R"("family":"v6")"},
  };
  for (const auto& [method, words, json] : kRows) {
    CAPTURE(method);
    CAPTURE(json);
    Request request(method);
    const auto filled = request.fill(words);
    CHECK_MESSAGE(filled.ok(), (filled.ok() ? "" : filled.error().message));
    CHECK_MESSAGE(contains(render_json(*request.message), json), render_json(*request.message));
  }
}

TEST_CASE("what does not fit is refused by the field and what it takes") {
  const struct {
    const char* method;
    const char* word;
    const char* message;
  } kRows[] = {
      {"StartContainer", "cif=x", "StartContainerRequest has no field 'cif'; it has container_id"},
      {"StartContainer", "container_id.x=1", "container_id: is a string and has no 'x'"},
      {"StartContainer", "word", "'word': expected {JSON}, @FILE, - or field=value"},
      {"StartContainer", "=x", "expected {JSON}, @FILE, - or field=value"},
      {"RemoveContainer", "timeout=-1", "timeout='-1': expected uint32"},
      {"RemoveContainer", "timeout=4294967296", "timeout='4294967296': expected uint32"},
      {"RemoveContainer", "timeout=1s", "expected uint32"},
      {"RemoveContainer", "timeout=", "expected uint32"},
      {"RemoveContainer", "timeout=--1", "expected uint32"},
      {"CopyFile", "file_mode=089", "expected uint32"},
      {"SignalProcess", "signal=SIGFOO", "signal: "},
      {"CreateSandbox", "sandbox_pidns=yes", "sandbox_pidns='yes': expected bool"},
      {"CreateSandbox", "storages=x", "storages='x' as JSON, not 'x': expected repeated Storage"},
      {"CreateSandbox", "storages.1.driver=x", "storages.1: expected an index from 0 to 0"},
      {"CreateSandbox", "storages.0=x", "storages.0: expected a field of Storage behind it"},
      {"CreateSandbox", "storages.-1.driver=x", "expected an index"},
      {"CreateSandbox", "storages.0.fs_group.group_change_policy=Never",
       "expected enum Always|OnRootMismatch"},
      {"CreateSandbox", "hostname=@/nonexistent/file", "hostname: "},
      {"UpdateRoutes", "routes.Routes.0.family=ipv6", "expected enum v4|v6"},
  };
  for (const auto& [method, word, message] : kRows) {
    CAPTURE(word);
    Request request(method);
    const auto filled = request.fill({word});
    REQUIRE_FALSE(filled.ok());
    CHECK_MESSAGE(contains(filled.error().message, message), filled.error().message);
  }
}

TEST_CASE("text and bytes come from a file after an at sign") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "policy";
  std::ofstream(path) << "package agent_policy\n";
  Request request("SetPolicy");
  CHECK(request.fill({"policy=@" + path.string()}).ok());
  CHECK(contains(render_json(*request.message), R"("policy":"package agent_policy\n")"));
  Request by_name("SetPolicy");
  CHECK(by_name.fill({"policy_file=file://" + path.string()}).ok());
  CHECK(render_json(*by_name.message) == render_json(*request.message));
}
