// SPDX-License-Identifier: Apache-2.0
//
// Hooks that run in the agent's namespaces: of the specification, and of the guest's directory.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "agent_process.h"
#include "core/base/files.h"

using namespace kata;

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  const auto text = read_file(path);
  return text.ok() ? text.value() : "";
}

// Says in `notes` by which words it was called, and what the state was.
void add_hook(google::protobuf::RepeatedPtrField<grpc::Hook>& hooks, const fs::path& notes,
              const std::string& word, const std::string& script = "true") {
  grpc::Hook& hook = *hooks.Add();
  hook.set_path("/bin/sh");
  for (const std::string& argument : {std::string("sh"), std::string("-c"),
                                      "echo " + word + " $(grep -o '\"status\":\"[a-z]*\"') >> " +
                                          notes.string() + "; " + script})
    hook.add_args(argument);
  hook.add_env("PATH=/bin:/usr/bin");
}

void start(AgentConnection& agent, const std::string& id) {
  grpc::StartContainerRequest request;
  request.set_container_id(id);
  const auto started = agent.send("StartContainer", request);
  REQUIRE_MESSAGE(started.ok(), started.error().message);
}

void install(const fs::path& file, const std::string& script, mode_t mode = 0755) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << "#!/bin/sh\n" << script << '\n';
  ::chmod(file.c_str(), mode);
}

}  // namespace

TEST_CASE("hooks around a container run once and in their order") {
  const TemporaryDirectory directory;
  const fs::path notes = directory.path() / "notes";
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  auto request = agent.container("c1", {"sleep", "100"});
  grpc::Hooks& hooks = *request.mutable_oci()->mutable_hooks();
  add_hook(*hooks.mutable_createruntime(), notes, "createRuntime");
  add_hook(*hooks.mutable_createcontainer(), notes, "createContainer");
  add_hook(*hooks.mutable_prestart(), notes, "prestart1");
  add_hook(*hooks.mutable_prestart(), notes, "prestart2");
  add_hook(*hooks.mutable_poststart(), notes, "poststart");
  add_hook(*hooks.mutable_poststop(), notes, "poststop");
  REQUIRE(connection.send("CreateContainer", request).ok());
  const std::string created =
      "prestart1 \"status\":\"creating\"\nprestart2 \"status\":\"creating\"\n"
      "createContainer \"status\":\"creating\"\n";
  CHECK(text_of(notes) == created);
  start(connection, "c1");
  CHECK(text_of(notes) == created + "poststart \"status\":\"running\"\n");
  remove_container(connection, "c1");
  CHECK(text_of(notes) ==
        created + "poststart \"status\":\"running\"\npoststop \"status\":\"stopped\"\n");
}

TEST_CASE(
    "a prestart hook sees the container's mounts by its process and its failure is the call's") {
  const TemporaryDirectory directory;
  const fs::path notes = directory.path() / "notes";
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  auto request = agent.container("c1", {"true"});
  auto& prestart = *request.mutable_oci()->mutable_hooks()->mutable_prestart();
  add_hook(prestart, notes, "first");
  prestart[0].set_args(2, "pid=$(grep -o '\"pid\":[0-9]*' | cut -d: -f2); grep -c '" +
                              agent.run_dir().string() +
                              "/c1/rootfs/dev ' /proc/$pid/mountinfo > " + notes.string());
  add_hook(prestart, notes, "second", "exit 3");
  add_hook(prestart, notes, "third");
  const auto created = connection.send("CreateContainer", request);
  REQUIRE_FALSE(created.ok());
  CHECK(created.error().message.find("hooks.prestart: hook '/bin/sh': ended with code 3") !=
        std::string::npos);
  CHECK(text_of(notes) == "1\nsecond \"status\":\"creating\"\n");
}

TEST_CASE("a late hook that fails stops neither the next one nor the container") {
  const TemporaryDirectory directory;
  const fs::path notes = directory.path() / "notes";
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  auto request = agent.container("c1", {"true"});
  auto& poststart = *request.mutable_oci()->mutable_hooks()->mutable_poststart();
  add_hook(poststart, notes, "1", "exit 1");
  poststart.Add()->set_path("/no-such-hook");
  add_hook(poststart, notes, "3", "sleep 100");
  poststart[2].set_timeout(1);
  add_hook(poststart, notes, "4");
  REQUIRE(connection.send("CreateContainer", request).ok());
  start(connection, "c1");
  CHECK(text_of(notes) ==
        "1 \"status\":\"running\"\n3 \"status\":\"running\"\n4 \"status\":\"running\"\n");
  CHECK(wait_for(connection, "c1") == 0);
  remove_container(connection, "c1");
}

TEST_CASE("a late hook that takes its time delays no other call") {
  const TemporaryDirectory directory;
  const fs::path notes = directory.path() / "notes", go = directory.path() / "go";
  AgentProcess agent;
  AgentConnection connection = agent.connect(), other = agent.connect();
  auto request = agent.container("c1", {"sleep", "100"});
  add_hook(*request.mutable_oci()->mutable_hooks()->mutable_poststart(), notes, "slow",
           "while [ ! -e " + go.string() + " ]; do sleep 0.02; done");
  REQUIRE(connection.send("CreateContainer", request).ok());
  std::thread starter([&] { start(connection, "c1"); });
  while (text_of(notes).empty()) ::usleep(1000);
  CHECK(other.send("ExecProcess", exec_request("c1", "e1", {"true"})).ok());
  CHECK(wait_for(other, "c1", "e1") == 0);
  std::ofstream(go) << "";
  starter.join();
  remove_container(other, "c1");
}

TEST_CASE("the hooks of the guest's directory run for each container after its own") {
  const TemporaryDirectory directory;
  const fs::path hooks = directory.path() / "hooks", notes = directory.path() / "notes";
  const std::string note = "echo \"$0 $1\" >> " + notes.string();
  for (const char* kind : {"prestart", "poststart", "poststop"})
    install(hooks / kind / "20-b", note);
  install(hooks / "prestart/10-a", note);
  install(hooks / "prestart/30-not-executable", note, 0644);
  install(directory.path() / "elsewhere", note);
  fs::create_symlink(directory.path() / "elsewhere", hooks / "prestart/40-link");
  install(hooks / "createContainer/10-a", note);
  AgentProcess agent({}, hooks);
  AgentConnection connection = agent.connect();
  auto request = agent.container("c1", {"true"});
  add_hook(*request.mutable_oci()->mutable_hooks()->mutable_prestart(), notes, "own");
  agent.run(connection, request);
  CHECK(wait_for(connection, "c1") == 0);
  remove_container(connection, "c1");
  const std::string path = hooks.string();
  CHECK(text_of(notes) == "own \"status\":\"creating\"\n" + path + "/prestart/10-a prestart\n" +
                              path + "/prestart/20-b prestart\n" + path +
                              "/poststart/20-b poststart\n" + path + "/poststop/20-b poststop\n");
}

TEST_CASE("a directory of hooks that is not there is no error") {
  AgentProcess agent({}, "/no/such/directory");
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"true"}));
  CHECK(wait_for(connection, "c1") == 0);
  remove_container(connection, "c1");
}
