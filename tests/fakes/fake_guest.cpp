// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/fake_guest.h"

#include <signal.h>

#include <chrono>

#include "health.pb.h"
#include "kata/concat.h"

namespace kata::fakes {

namespace asio = boost::asio;

namespace {

constexpr const char* kAgent = "grpc.AgentService";
constexpr int kKilledBy = 128;  // plus the signal's number

}  // namespace

FakeGuest::FakeGuest(asio::any_io_executor loop, std::function<void()> power_off)
    : loop_(std::move(loop)), power_off_(std::move(power_off)) {
  server_.handle("grpc.Health", "Check", [](std::string) -> Reply {
    grpc::HealthCheckResponse response;
    response.set_status(grpc::HealthCheckResponse::SERVING);
    co_return response.SerializeAsString();
  });
  for (const char* method : {"CreateSandbox", "UpdateInterface", "UpdateRoutes", "AddARPNeighbors",
                             "UpdateContainer", "CopyFile", "TtyWinResize", "CloseStdin"})
    server_.handle(kAgent, method, [](std::string) -> Reply { co_return std::string(); });
  server_.handle(kAgent, "DestroySandbox", [this](std::string) -> Reply {
    power_off_();
    co_return std::string();
  });
  add_containers();
  add_processes();
  add_streams();
}

asio::awaitable<void> FakeGuest::serve(UniqueFd client) {
  co_await server_.serve(std::move(client));
}

template <class Request, class Act>
void FakeGuest::on(const char* method, Act act) {
  server_.handle(kAgent, method, [act](std::string payload) -> Reply {
    Request request;
    request.ParseFromString(payload);
    KATA_CO_CHECK(act(request), "");
    co_return std::string();
  });
}

void FakeGuest::add_containers() {
  on<grpc::CreateContainerRequest>(
      "CreateContainer", [this](const grpc::CreateContainerRequest& request) -> Result<void> {
        const std::string& id = request.container_id();
        if (containers_.contains(id))
          return make_error(ErrorCode::kAlreadyExists, concat("container '", id, "' exists"));
        containers_[id].processes[id] = std::make_shared<Process>(loop_);
        return {};
      });
  on<grpc::StartContainerRequest>("StartContainer", [this](const auto& request) {
    return move(request.container_id(), Phase::kCreated, Phase::kRunning);
  });
  on<grpc::PauseContainerRequest>("PauseContainer", [this](const auto& request) {
    return move(request.container_id(), Phase::kRunning, Phase::kPaused);
  });
  on<grpc::ResumeContainerRequest>("ResumeContainer", [this](const auto& request) {
    return move(request.container_id(), Phase::kPaused, Phase::kRunning);
  });
  on<grpc::RemoveContainerRequest>(
      "RemoveContainer", [this](const grpc::RemoveContainerRequest& request) -> Result<void> {
        Container* const container = KATA_TRY(find(request.container_id()), "");
        for (auto& [exec_id, process] : container->processes) end(*process, kKilledBy + SIGKILL);
        containers_.erase(request.container_id());
        return {};
      });
}

void FakeGuest::add_processes() {
  on<grpc::ExecProcessRequest>(
      "ExecProcess", [this](const grpc::ExecProcessRequest& request) -> Result<void> {
        Container* const container = KATA_TRY(find(request.container_id()), "");
        auto process = std::make_shared<Process>(loop_);
        container->processes[request.exec_id()] = process;
        if (request.process().args(0) != "sleep") end(*process, 0);
        return {};
      });
  on<grpc::SignalProcessRequest>("SignalProcess",
                                 [this](const auto& request) { return signal(request); });
  server_.handle(kAgent, "WaitProcess", [this](std::string payload) {
    grpc::WaitProcessRequest request;
    request.ParseFromString(payload);
    return wait(std::move(request));
  });
}

void FakeGuest::add_streams() {
  for (const char* method : {"ReadStdout", "ReadStderr"})
    server_.handle(kAgent, method, [this](std::string payload) {
      grpc::ReadStreamRequest request;
      request.ParseFromString(payload);
      return read(std::move(request));
    });
  server_.handle(kAgent, "WriteStdin", [](std::string payload) -> Reply {
    grpc::WriteStreamRequest request;
    request.ParseFromString(payload);
    grpc::WriteStreamResponse response;
    response.set_len(static_cast<std::uint32_t>(request.data().size()));
    co_return response.SerializeAsString();
  });
}

Result<FakeGuest::Container*> FakeGuest::find(const std::string& id) {
  const auto found = containers_.find(id);
  if (found != containers_.end()) return &found->second;
  return make_error(ErrorCode::kNotFound, concat("container '", id, "' does not exist"));
}

Result<void> FakeGuest::move(const std::string& id, Phase from, Phase to) {
  Container* const container = KATA_TRY(find(id), "");
  if (container->phase != from)
    return make_error(ErrorCode::kFailedPrecondition, "the container is in another phase");
  container->phase = to;
  return {};
}

Result<void> FakeGuest::signal(const grpc::SignalProcessRequest& request) {
  Container* const container = KATA_TRY(find(request.container_id()), "");
  const std::string& wanted = request.exec_id();
  for (auto& [exec_id, process] : container->processes)
    if (wanted.empty() || wanted == "*" || wanted == exec_id)
      end(*process, kKilledBy + static_cast<std::int32_t>(request.signal()));
  return {};
}

void FakeGuest::end(Process& process, std::int32_t status) {
  if (process.ended.is_set()) return;
  process.status = status;
  process.ended.set();
}

std::shared_ptr<FakeGuest::Process> FakeGuest::process(const std::string& container,
                                                       const std::string& exec_id) {
  const auto found = containers_.find(container);
  if (found == containers_.end()) return nullptr;
  const auto named = found->second.processes.find(exec_id);
  return named == found->second.processes.end() ? nullptr : named->second;
}

FakeGuest::Reply FakeGuest::wait(grpc::WaitProcessRequest request) {
  const auto waited = process(request.container_id(), request.exec_id());
  if (!waited) co_return make_error(ErrorCode::kNotFound, "no such process");
  co_await waited->ended.wait();
  grpc::WaitProcessResponse response;
  response.set_status(waited->status);
  co_return response.SerializeAsString();
}

FakeGuest::Reply FakeGuest::read(grpc::ReadStreamRequest request) {
  const auto reader = process(request.container_id(), request.exec_id());
  if (!reader) co_return make_error(ErrorCode::kNotFound, "no such process");
  co_await reader->ended.wait();
  co_return grpc::ReadStreamResponse().SerializeAsString();  // no data: the end
}

}  // namespace kata::fakes
