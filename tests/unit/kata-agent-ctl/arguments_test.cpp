// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/arguments.h"

#include <fstream>

#include "agent.pb.h"
#include "programs/kata-agent-ctl/auto_values.h"
#include "request.h"
#include "sandbox/oci_spec.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agentctl;

namespace {

constexpr const char* kConfig = R"({
  "ociVersion": "1.0.2", "hostname": "h",
  "process": {"args": ["sh", "-c", "true"], "cwd": "/", "env": ["A=b"], "user": {"uid": 3, "gid": 4},
              "capabilities": {"bounding": ["CAP_CHOWN"]}},
  "root": {"path": "rootfs", "readonly": true},
  "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
  "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}],
            "resources": {"memory": {"limit": 1048576}, "pids": {"limit": 7}}}})";

std::string write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
  return path.string();
}

}  // namespace

TEST_CASE("JSON comes inline with or without a scheme and from files") {
  const TemporaryDirectory directory;
  const std::string json = R"({"sandbox_id":"s1","dns":["a"]})";
  const std::string file = write(directory.path() / "request.json", json);
  for (const std::string& word : {json, "json://" + json, "@" + file, "file://" + file}) {
    CAPTURE(word);
    Request request("CreateSandbox");
    REQUIRE(request.fill({word, "hostname=h", R"({"dns":["b"]})"}).ok());
    const auto seen = request.as<grpc::CreateSandboxRequest>();
    CHECK(seen.sandbox_id() == "s1");
    CHECK(seen.hostname() == "h");
    CHECK(seen.dns_size() == 2);
  }
}

TEST_CASE("JSON takes the names of the proto file and of Rust and the short ids") {
  Request request("UpdateInterface");
  REQUIRE(request
              .fill({R"({"interface":{"hw_addr":"02:00:00:00:00:01","type_":"veth",
                         "IPAddresses":[{"family":"v6","address":"::1","mask":"128"}]}})"})
              .ok());
  const auto seen = request.as<grpc::UpdateInterfaceRequest>();
  CHECK(seen.interface().hwaddr() == "02:00:00:00:00:01");
  CHECK(seen.interface().type() == "veth");
  CHECK(seen.interface().ipaddresses(0).family() == types::v6);
  Request start("StartContainer");
  REQUIRE(start.fill({R"({"cid":"c1"})"}).ok());
  CHECK(start.as<grpc::StartContainerRequest>().container_id() == "c1");
}

TEST_CASE("bad JSON is refused with the place or the field") {
  const struct {
    const char* word;
    const char* message;
  } kRows[] = {
      {"{", "JSON: "},
      {"json://[1]", "json://: expected a JSON object"},
      {R"({"storages":[{"drver":"x"}]})",
       "storages: Storage has no field 'drver'; it has driver, driver_options"},
      {R"({"sandbox_pidns":3})", "CreateSandboxRequest: "},
      {R"({"sandbox_pidns":"maybe"})", "CreateSandboxRequest: "},
      {"@/nonexistent/request.json", "/nonexistent/request.json"},
  };
  for (const auto& [word, message] : kRows) {
    const std::string shown = word;
    CAPTURE(shown);
    Request request("CreateSandbox");
    const auto filled = request.fill({word});
    REQUIRE_FALSE(filled.ok());
    CHECK_MESSAGE(contains(filled.error().message, message), filled.error().message);
    CHECK(request.message->ByteSizeLong() == 0);
  }
}

TEST_CASE("a bundle becomes the spec that kata-runtime would send") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path() / "rootfs");
  write(directory.path() / "config.json", kConfig);
  Request request("CreateContainer");
  REQUIRE(request.fill({"bundle=" + directory.path().string(), "OCI.Hostname=other"}).ok());
  grpc::Spec expected;
  REQUIRE(sandbox::parse_spec(kConfig, "config.json", expected, nullptr).ok());
  expected.mutable_root()->set_path((directory.path() / "rootfs").string());
  expected.set_hostname("other");
  const auto seen = request.as<grpc::CreateContainerRequest>();
  CHECK(seen.oci().SerializeAsString() == expected.SerializeAsString());
}

TEST_CASE("a spec, a process and resources are converted from their files") {
  const TemporaryDirectory directory;
  Request create("CreateContainer");
  REQUIRE(
      create.fill({R"({"spec":")" + write(directory.path() / "c.json", kConfig) + R"("})"}).ok());
  CHECK(create.as<grpc::CreateContainerRequest>().oci().root().path() == "rootfs");
  Request exec("ExecProcess");
  const std::string process =
      write(directory.path() / "p.json", R"({"args":["id"],"cwd":"/","user":{"uid":1,"gid":2}})");
  REQUIRE(exec.fill({"oci_process=" + process}).ok());
  CHECK(exec.as<grpc::ExecProcessRequest>().process().user().gid() == 2);
  Request update("UpdateContainer");
  const std::string resources = write(directory.path() / "r.json", R"({"pids":{"limit":5}})");
  REQUIRE(update.fill({"oci_resources=" + resources}).ok());
  CHECK(update.as<grpc::UpdateContainerRequest>().resources().pids().limit() == 5);
  Request broken("CreateContainer");
  const auto filled =
      broken.fill({"spec=" + write(directory.path() / "b.json", R"({"process":3})")});
  REQUIRE_FALSE(filled.ok());
  CHECK(contains(filled.error().message, "b.json"));
}

TEST_CASE("empty ids and numbers are filled and kept for the session") {
  SessionIds session;
  Request create("CreateContainer");
  const auto made = fill_auto_values(*create.method, *create.message, session);
  REQUIRE(made.size() == 1);
  const std::string id = create.as<grpc::CreateContainerRequest>().container_id();
  CHECK(id.size() == 64);
  CHECK(made.front() == "container_id=" + id);
  remember_ids(*create.message, session);

  Request signal("SignalProcess");
  CHECK(fill_auto_values(*signal.method, *signal.message, session).empty());
  CHECK(signal.as<grpc::SignalProcessRequest>().container_id() == id);
  CHECK(signal.as<grpc::SignalProcessRequest>().signal() == 15);
  CHECK(signal.as<grpc::SignalProcessRequest>().exec_id().empty());

  Request named("SignalProcess");
  REQUIRE(named.fill({"cid=mine", "signal=9"}).ok());
  fill_auto_values(*named.method, *named.message, session);
  CHECK(named.as<grpc::SignalProcessRequest>().container_id() == "mine");
  CHECK(named.as<grpc::SignalProcessRequest>().signal() == 9);

  Request clock("SetGuestDateTime");
  fill_auto_values(*clock.method, *clock.message, session);
  CHECK(clock.as<grpc::SetGuestDateTimeRequest>().sec() > 1'700'000'000);
  Request set("SetGuestDateTime");
  REQUIRE(set.fill({"Sec=5"}).ok());
  fill_auto_values(*set.method, *set.message, session);
  CHECK(set.as<grpc::SetGuestDateTimeRequest>().sec() == 5);
  CHECK(set.as<grpc::SetGuestDateTimeRequest>().usec() == 0);
}
