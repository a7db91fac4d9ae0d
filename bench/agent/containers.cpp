// SPDX-License-Identifier: Apache-2.0
#include "bench/agent/containers.h"

#include <signal.h>

#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "sandbox/oci_spec.h"
#include "tests/integration/harness/bundle.h"

namespace kata::bench {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t kReadLength = 256U << 10;
constexpr std::uint32_t kRemoveTimeout = 10;  // seconds

}  // namespace

fs::path rootfs(const World& world) {
  const fs::path path = world.directory / "rootfs";
  if (!fs::exists(path)) test::make_busybox_rootfs(path);
  return path;
}

std::string config_json(const World& world, const std::string& id,
                        const std::vector<std::string>& args) {
  nlohmann::json spec = test::default_spec(args);
  spec["root"]["path"] = rootfs(world);
  spec["linux"]["cgroupsPath"] = world.cgroup + "/" + id;
  return spec.dump();
}

void AgentClient::create_sandbox() {
  grpc::CreateSandboxRequest request;
  request.set_hostname("kata-bench");
  request.set_sandbox_id("sandbox");
  wire_.call<grpc::Empty>(kAgentService, "CreateSandbox", request);
}

void AgentClient::run_container(const std::string& id, const std::vector<std::string>& args) {
  grpc::CreateContainerRequest create;
  create.set_container_id(id);
  must(sandbox::parse_spec(config_json(world_, concat(number_, '-', id), args), "config.json",
                           *create.mutable_oci(), nullptr));
  wire_.call<grpc::Empty>(kAgentService, "CreateContainer", create);
  grpc::StartContainerRequest start;
  start.set_container_id(id);
  wire_.call<grpc::Empty>(kAgentService, "StartContainer", start);
}

void AgentClient::remove_container(const std::string& id) {
  grpc::RemoveContainerRequest request;
  request.set_container_id(id);
  request.set_timeout(kRemoveTimeout);
  wire_.call<grpc::Empty>(kAgentService, "RemoveContainer", request);
}

void AgentClient::exec(const std::string& id, const std::string& exec_id,
                       const std::vector<std::string>& args) {
  wire_.call<grpc::Empty>(kAgentService, "ExecProcess", exec_request(id, exec_id, args));
}

int AgentClient::wait(const std::string& id, const std::string& exec_id) {
  grpc::WaitProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  return wire_.call<grpc::WaitProcessResponse>(kAgentService, "WaitProcess", request).status();
}

void AgentClient::kill(const std::string& id, const std::string& exec_id) {
  grpc::SignalProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_signal(SIGKILL);
  wire_.call<grpc::Empty>(kAgentService, "SignalProcess", request);
}

grpc::ExecProcessRequest exec_request(const std::string& id, const std::string& exec_id,
                                      const std::vector<std::string>& args) {
  grpc::ExecProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  grpc::Process& process = *request.mutable_process();
  for (const std::string& word : args) process.add_args(word);
  process.add_env("PATH=/bin");
  process.set_cwd("/");
  process.set_nonewprivileges(true);
  return request;
}

std::string read_frame(const std::string& id, const std::string& exec_id) {
  grpc::ReadStreamRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_len(kReadLength);
  return frame_of(kAgentService, "ReadStdout", request.SerializeAsString());
}

std::string_view read_data(const Reply& reply) {
  constexpr unsigned kStatus = 1, kPayload = 2, kData = 1;
  if (!bytes_field(reply.payload, kStatus).empty()) {
    const auto decoded = ttrpc::decode_reply(std::string(reply.payload));
    fail("ReadStdout: " + (decoded.ok() ? "an odd status" : decoded.error().message));
  }
  return bytes_field(bytes_field(reply.payload, kPayload), kData);
}

}  // namespace kata::bench
