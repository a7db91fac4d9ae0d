// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/oci/ours.h"

#include <signal.h>

#include <stdexcept>

#include "agent.pb.h"
#include "kata/child_process.h"
#include "kata/unix_socket.h"
#include "protocol/ttrpc/blocking_client.h"
#include "sandbox/oci_spec.h"
#include "tests/integration/harness/command.h"

namespace kata::conformance {

namespace fs = std::filesystem;

namespace {

Deadline in_seconds(int seconds) {
  return std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
}

// An agent for one row, so that what a row leaves in the sandbox's namespaces meets no other.
class Agent {
 public:
  explicit Agent(const fs::path& directory) : log_(directory / "agent.log") {
    const fs::path socket = directory / "agent.sock";
    SpawnRequest request;
    request.argv = {KATA_AGENT,  "--server-addr",   "unix://" + socket.string(),
                    "--run-dir", directory / "run", "--log-level",
                    "warn"};
    const UniqueFd log(::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    request.descriptors = {{log.get(), 1}, {log.get(), 2}};
    auto child = ChildProcess::spawn(std::move(request));
    if (!child.ok()) throw std::runtime_error(child.error().message);
    child_ = child.take();
    if (!test::eventually([&] { return connect(socket); }, std::chrono::seconds(10)))
      throw std::runtime_error("kata-agent does not listen");
  }

  ~Agent() { static_cast<void>(child_.terminate(SIGTERM, in_seconds(10)).ok()); }

  template <class Response, class Request>
  Result<Response> ask(std::string_view method, const Request& request) {
    return ttrpc::call<Response>(*client_, "grpc.AgentService", method, request, in_seconds(20));
  }
  template <class Request>
  Result<void> tell(std::string_view method, const Request& request) {
    const auto reply =
        client_->call("grpc.AgentService", method, request.SerializeAsString(), in_seconds(20));
    if (!reply.ok()) return reply.error();
    return {};
  }

 private:
  bool connect(const fs::path& socket) {
    auto stream = connect_unix(socket);
    if (stream.ok()) client_.emplace(stream.take());
    return stream.ok();
  }

  fs::path log_;
  ChildProcess child_{};
  std::optional<ttrpc::BlockingClient> client_{};
};

Outcome refused(const Error& error) { return {false, -1, "", error.message}; }

class AgentRun {
 public:
  AgentRun(const Stage& stage, const Row& row)
      : row_(row), bundle_(stage, row, "ours"), agent_(bundle_.path()) {}

  Outcome outcome() {
    Outcome result = run();
    if (result.started) result.out += bundle_.after();
    result.out = bundle_.neutral(result.out);
    return result;
  }

 private:
  Outcome run() {
    grpc::CreateContainerRequest create;
    create.set_container_id(bundle_.id());
    const auto loaded = sandbox::load_bundle(bundle_.path(), *create.mutable_oci());
    if (!loaded.ok()) return refused(loaded.error());
    create.mutable_oci()->mutable_root()->set_path(loaded.value().rootfs);
    for (auto& mount : *create.mutable_oci()->mutable_mounts())
      if (mount.type() == "bind") mount.set_source(bundle_.path() / mount.source());
    grpc::CreateSandboxRequest sandbox;
    sandbox.set_hostname(create.oci().hostname());  // as a host's does
    sandbox.set_sandbox_id("sandbox");
    if (auto made = agent_.tell("CreateSandbox", sandbox); !made.ok()) return refused(made.error());
    if (auto made = agent_.tell("CreateContainer", create); !made.ok())
      return refused(made.error());
    grpc::StartContainerRequest start;
    start.set_container_id(bundle_.id());
    if (auto made = agent_.tell("StartContainer", start); !made.ok()) return refused(made.error());
    Outcome result = row_.exec ? run_exec() : collect("");
    grpc::RemoveContainerRequest remove;
    remove.set_container_id(bundle_.id());
    remove.set_timeout(10);
    if (auto removed = agent_.tell("RemoveContainer", remove); !removed.ok())
      throw std::runtime_error("RemoveContainer: " + removed.error().message);
    return result;
  }

  Outcome run_exec() {
    grpc::ExecProcessRequest exec;
    exec.set_container_id(bundle_.id());
    exec.set_exec_id("exec");
    const std::string process = exec_process_of(row_, bundle_.spec()).dump();
    auto parsed = sandbox::parse_process(process, "process.json", *exec.mutable_process());
    if (!parsed.ok()) return refused(parsed.error());
    if (auto made = agent_.tell("ExecProcess", exec); !made.ok()) return refused(made.error());
    return collect("exec");
  }

  Outcome collect(const std::string& exec_id) {
    Outcome outcome;
    outcome.started = true;
    outcome.out = read("ReadStdout", exec_id);
    outcome.error = read("ReadStderr", exec_id);
    grpc::WaitProcessRequest wait;
    wait.set_container_id(bundle_.id());
    wait.set_exec_id(exec_id);
    const auto reply = agent_.ask<grpc::WaitProcessResponse>("WaitProcess", wait);
    if (!reply.ok()) throw std::runtime_error("WaitProcess: " + reply.error().message);
    outcome.code = reply.value().status();
    return outcome;
  }

  std::string read(std::string_view stream, const std::string& exec_id) {
    grpc::ReadStreamRequest request;
    request.set_container_id(bundle_.id());
    request.set_exec_id(exec_id);
    request.set_len(32768);
    for (std::string all;;) {
      const auto reply = agent_.ask<grpc::ReadStreamResponse>(stream, request);
      if (!reply.ok() || reply.value().data().empty()) return all;
      all += reply.value().data();
    }
  }

  const Row& row_;
  RowBundle bundle_;
  Agent agent_;
};

}  // namespace

Outcome run_under_agent(const Stage& stage, const Row& row) {
  return AgentRun(stage, row).outcome();
}

}  // namespace kata::conformance
