// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/cri/pod.h"

#include <doctest/doctest.h>

#include <atomic>
#include <fstream>

#include "kata/concat.h"

namespace kata::test {

namespace fs = std::filesystem;
namespace cri = runtime::v1;
using std::chrono::seconds;

namespace {

cri::PodSandboxConfig pod_config(const std::string& name, const fs::path& logs) {
  cri::PodSandboxConfig config;
  config.mutable_metadata()->set_name(name);
  config.mutable_metadata()->set_uid(concat("uid-", name));
  config.mutable_metadata()->set_namespace_("tests");
  config.set_hostname(name);
  config.set_log_directory(logs);
  // Each container has process ids of its own, as a kubelet asks for.
  config.mutable_linux()->mutable_security_context()->mutable_namespace_options()->set_pid(
      cri::CONTAINER);
  return config;
}

const char* name_of(cri::ContainerState state) {
  switch (state) {
    case cri::CONTAINER_CREATED:
      return "created";
    case cri::CONTAINER_RUNNING:
      return "running";
    case cri::CONTAINER_EXITED:
      return "exited";
    default:
      return "unknown";
  }
}

}  // namespace

Pod::Pod(const CriDaemon& daemon, const Adjust& adjust) : client_(daemon.client()) {
  static std::atomic<unsigned> count{0};
  const std::string name = concat("pod", ++count);
  logs_ = daemon.directory() / "pods" / name;
  fs::create_directories(logs_);
  config_ = pod_config(name, logs_);
  if (adjust) adjust(config_);
}

Pod::Pod(const CriDaemon& daemon, const std::string& handler, const Adjust& adjust)
    : Pod(daemon, adjust) {
  const auto running = run(handler);
  REQUIRE_MESSAGE(running.ok(), running.error().message);
}

Result<void> Pod::run(const std::string& handler) {
  cri::RunPodSandboxRequest request;
  *request.mutable_config() = config_;
  request.set_runtime_handler(handler);
  const auto reply = KATA_TRY(
      client_.call<cri::RunPodSandboxResponse>("RuntimeService/RunPodSandbox", request), "");
  id_ = reply.pod_sandbox_id();
  return {};
}

Pod::~Pod() {
  const auto ended = end();
  if (!ended.ok()) FAIL_CHECK(ended.error().message);
}

Result<void> Pod::end() {
  if (id_.empty()) return {};
  cri::StopPodSandboxRequest stop;
  stop.set_pod_sandbox_id(id_);
  KATA_TRY(client_.call<cri::StopPodSandboxResponse>("RuntimeService/StopPodSandbox", stop), "");
  cri::RemovePodSandboxRequest remove;
  remove.set_pod_sandbox_id(id_);
  KATA_TRY(client_.call<cri::RemovePodSandboxResponse>("RuntimeService/RemovePodSandbox", remove),
           "");
  id_.clear();
  return {};
}

ContainerConfig Pod::script(const std::string& name, const std::string& text) const {
  ContainerConfig config;
  config.mutable_metadata()->set_name(name);
  config.mutable_image()->set_image(kBusybox);
  for (const std::string& word : {std::string("/bin/sh"), std::string("-c"), text})
    config.add_command(word);
  config.set_log_path(name + ".log");
  config.mutable_linux()->mutable_security_context()->mutable_namespace_options()->set_pid(
      cri::CONTAINER);
  return config;
}

ContainerConfig Pod::sleeper(const std::string& name) const {
  return script(name, "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done");
}

Result<std::string> Pod::try_to_create(const ContainerConfig& config) const {
  cri::CreateContainerRequest request;
  request.set_pod_sandbox_id(id_);
  *request.mutable_config() = config;
  *request.mutable_sandbox_config() = config_;
  const auto reply = KATA_TRY(
      client_.call<cri::CreateContainerResponse>("RuntimeService/CreateContainer", request), "");
  return reply.container_id();
}

Result<void> Pod::begin(const std::string& container) const {
  cri::StartContainerRequest request;
  request.set_container_id(container);
  KATA_TRY(client_.call<cri::StartContainerResponse>("RuntimeService/StartContainer", request), "");
  return {};
}

Result<std::string> Pod::try_to_start(const ContainerConfig& config) const {
  const std::string container = KATA_TRY(try_to_create(config), "");
  KATA_TRY(begin(container), "");
  return container;
}

std::string Pod::create(const ContainerConfig& config) {
  const auto container = try_to_create(config);
  REQUIRE_MESSAGE(container.ok(), container.error().message);
  return container.value();
}

std::string Pod::start(const ContainerConfig& config) {
  const auto container = try_to_start(config);
  REQUIRE_MESSAGE(container.ok(), container.error().message);
  return container.value();
}

Result<void> Pod::stop(const std::string& container, int patience_seconds) const {
  cri::StopContainerRequest request;
  request.set_container_id(container);
  request.set_timeout(patience_seconds);
  KATA_TRY(client_.call<cri::StopContainerResponse>("RuntimeService/StopContainer", request), "");
  return {};
}

Result<void> Pod::remove(const std::string& container) const {
  cri::RemoveContainerRequest request;
  request.set_container_id(container);
  KATA_TRY(client_.call<cri::RemoveContainerResponse>("RuntimeService/RemoveContainer", request),
           "");
  return {};
}

cri::ContainerStatus Pod::status(const std::string& container) const {
  cri::ContainerStatusRequest request;
  request.set_container_id(container);
  auto reply =
      client_.call<cri::ContainerStatusResponse>("RuntimeService/ContainerStatus", request);
  REQUIRE_MESSAGE(reply.ok(), reply.error().message);
  return reply.value().status();
}

cri::PodSandboxStatus Pod::sandbox_status() const {
  cri::PodSandboxStatusRequest request;
  request.set_pod_sandbox_id(id_);
  auto reply =
      client_.call<cri::PodSandboxStatusResponse>("RuntimeService/PodSandboxStatus", request);
  REQUIRE_MESSAGE(reply.ok(), reply.error().message);
  return reply.value().status();
}

std::string Pod::end_of(const std::string& container) const {
  cri::ContainerStatus seen;
  eventually(
      [&] {
        seen = status(container);
        return seen.state() == cri::CONTAINER_EXITED;
      },
      seconds(30));
  return concat(name_of(seen.state()), " ", seen.exit_code(), " ", seen.reason());
}

Result<cri::ExecSyncResponse> Pod::exec(const std::string& container,
                                        const std::vector<std::string>& command,
                                        int limit_seconds) const {
  cri::ExecSyncRequest request;
  request.set_container_id(container);
  for (const std::string& word : command) request.add_cmd(word);
  request.set_timeout(limit_seconds);
  return client_.call<cri::ExecSyncResponse>("RuntimeService/ExecSync", request);
}

std::string Pod::sh(const std::string& container, const std::string& text) const {
  const auto reply = exec(container, {"/bin/sh", "-c", text});
  REQUIRE_MESSAGE(reply.ok(), reply.error().message);
  const int code = reply.value().exit_code();
  return code == 0 ? reply.value().stdout()
                   : concat(reply.value().stdout(), "[", code, "] ", reply.value().stderr());
}

std::string Pod::log_of(const std::string& name) const {
  std::ifstream file(logs_ / (name + ".log"));
  std::string text;
  for (std::string line; std::getline(file, line);) {
    const std::size_t end_of_time = line.find(' ');
    text += end_of_time == std::string::npos ? line : line.substr(end_of_time + 1);
    text += '\n';
  }
  return text;
}

}  // namespace kata::test
