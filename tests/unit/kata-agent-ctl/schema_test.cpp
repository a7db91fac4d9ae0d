// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/schema.h"

#include <set>

#include "agent.pb.h"
#include "programs/kata-agent-ctl/describe.h"
#include "request.h"

using namespace kata;
using namespace kata::agentctl;

TEST_CASE("the schema has the 42 calls of the agent and the two of health") {
  const Schema schema;
  std::set<std::string> names;
  for (const Method* method : schema.methods())
    names.insert(method->service()->full_name() + "." + method->name());
  CHECK(names.size() == 44);
  CHECK(names.count("grpc.AgentService.CreateContainer") == 1);
  CHECK(names.count("grpc.AgentService.SetPolicy") == 1);
  CHECK(names.count("grpc.Health.Check") == 1);
  CHECK(names.count("grpc.Health.Version") == 1);
}

TEST_CASE("a method is found in any case and a wrong name is told what is near") {
  const Schema schema;
  for (const char* name : {"GetIPTables", "GetIptables", "getiptables", "get_ip_tables"}) {
    CAPTURE(name);
    REQUIRE(schema.find(name).ok());
    CHECK(schema.find(name).value()->name() == "GetIPTables");
  }
  const auto wrong = schema.find("process");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().message ==
        "'process' is no RPC and no command; did you mean ExecProcess, SignalProcess, WaitProcess");
}

TEST_CASE("fields are found by the names of the proto file and by those of Rust") {
  const Schema schema;
  const auto* interface = schema.find("UpdateInterface").value()->input_type()->field(0);
  for (const char* name : {"hwAddr", "hw_addr", "HWADDR"})
    CHECK(find_field(*interface->message_type(), name) != nullptr);
  CHECK(find_field(*interface->message_type(), "type_") != nullptr);
  CHECK(find_field(*interface->message_type(), "hardware") == nullptr);
}

TEST_CASE("a description has the fields and types of all messages") {
  const Schema schema;
  const std::string text = describe_method(*schema.find("CreateContainer").value(), Output::kText);
  for (const char* part : {"grpc.AgentService.CreateContainer: CreateContainerRequest -> Empty",
                           "container_id", "repeated Storage", "enum Always|OnRootMismatch",
                           "map<string, string>", "LinuxSeccompArg", "bundle="}) {
    CAPTURE(part);
    CHECK(contains(text, part));
  }
  CHECK(contains(describe_method(*schema.find("MemAgentMemcgSet").value(), Output::kText),
                 "optional bool"));
  CHECK(contains(describe_method(*schema.find("Check").value(), Output::kJson),
                 R"("CheckRequest":[{"name":"service","number":1,"type":"string"}])"));
}
