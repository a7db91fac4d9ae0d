// SPDX-License-Identifier: Apache-2.0
#include "bench/shim/task_client.h"

#include <signal.h>

#include <nlohmann/json.hpp>

namespace kata::bench {

namespace task = containerd::task;
using Empty = containerd::Empty;

void TaskClient::create(const NewTask& wanted) {
  task::CreateTaskRequest request;
  request.set_id(wanted.id);
  request.set_bundle(wanted.bundle);
  containerd::Mount& mount = *request.add_rootfs();
  mount.set_type("bind");
  mount.set_source(wanted.rootfs);
  for (const char* option : {"rbind", "rw"}) mount.add_options(option);
  task::RuntimeOptions options;
  options.set_config_path(wanted.configuration);
  request.mutable_options()->set_type_url("runtimeoptions.v1.Options");
  request.mutable_options()->set_value(options.SerializeAsString());
  wire_.call<task::CreateTaskResponse>(kTaskService, "Create", request);
}

void TaskClient::start(const std::string& id, const std::string& exec_id) {
  task::StartRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  wire_.call<task::StartResponse>(kTaskService, "Start", request);
}

void TaskClient::exec(const std::string& id, const std::string& exec_id,
                      const std::vector<std::string>& args) {
  const nlohmann::json process = {{"args", args},
                                  {"cwd", "/"},
                                  {"env", {"PATH=/bin"}},
                                  {"user", {{"uid", 0}, {"gid", 0}}},
                                  {"noNewPrivileges", true}};
  task::ExecProcessRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  request.mutable_spec()->set_type_url("types.containerd.io/opencontainers/runtime-spec/1/Process");
  request.mutable_spec()->set_value(process.dump());
  wire_.call<Empty>(kTaskService, "Exec", request);
}

std::uint32_t TaskClient::wait(const std::string& id, const std::string& exec_id) {
  task::WaitRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  return wire_.call<task::WaitResponse>(kTaskService, "Wait", request).exit_status();
}

void TaskClient::kill(const std::string& id) {
  task::KillRequest request;
  request.set_id(id);
  request.set_signal(SIGKILL);
  wire_.call<Empty>(kTaskService, "Kill", request);
}

void TaskClient::remove(const std::string& id, const std::string& exec_id) {
  task::DeleteRequest request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  wire_.call<task::DeleteResponse>(kTaskService, "Delete", request);
}

void TaskClient::shut_down() {
  std::string frame = frame_of(kTaskService, "Shutdown", "");
  wire_.send(frame);
  wire_.drain();
}

task::ConnectResponse TaskClient::connect() {
  return wire_.call<task::ConnectResponse>(kTaskService, "Connect", task::ConnectRequest());
}

std::string TaskClient::frame(const char* method, const std::string& id) {
  task::StateRequest request;  // field 1 of each of these requests is the id
  request.set_id(id);
  return frame_of(kTaskService, method, request.SerializeAsString());
}

}  // namespace kata::bench
