// SPDX-License-Identifier: Apache-2.0
//
// A shim without a VM: the Task API on a socket, in front of fake plugins and a scripted guest,
// with a containerd that takes its events.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "containerd/task.pb.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/event_publisher.h"
#include "programs/containerd-shim-kata-v2/pod.h"
#include "programs/containerd-shim-kata-v2/sandbox_api.h"
#include "programs/containerd-shim-kata-v2/sandbox_service.h"
#include "programs/containerd-shim-kata-v2/task_service.h"
#include "programs/containerd-shim-kata-v2/tasks.h"
#include "protocol/ttrpc/client.h"
#include "sandbox/socket_server.h"
#include "tests/component/task-api/guest.h"
#include "tests/fakes/fake_containerd.h"
#include "tests/fakes/fake_hypervisor.h"
#include "tests/fakes/fake_network.h"
#include "tests/fakes/fake_shared_filesystem.h"
#include "tests/temporary_directory.h"
#include "tests/unit/containerd-shim/await.h"

namespace kata::test {

// Of a shim whose guest does not do what it is told to.
inline constexpr shim_v2::Patience kShort{
    std::chrono::milliseconds(300), std::chrono::milliseconds(500), std::chrono::milliseconds(300),
    std::chrono::milliseconds(1000), std::chrono::milliseconds(500)};

namespace task = containerd::task;

class Stage {
 public:
  explicit Stage(shim_v2::Patience patience = {})
      : tasks(loop.get_executor(), "default", pod, publisher, patience) {
    configure("");
    shim_v2::register_task_service(methods, tasks);
    shim_v2::register_sandbox_service(methods, sandbox_api);
    boost::asio::co_spawn(loop, server.accept_clients(), boost::asio::detached);
  }
  ~Stage() {
    for (auto* process : all_processes()) process->code = process->code.value_or(0);
    static_cast<void>(shim_v2::await(loop, pod.take_down()));
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // `sandbox_id`: of the pod that it joins; empty: a container of its own.
  task::CreateTaskRequest create_request(const std::string& id,
                                         const std::string& sandbox_id = "") {
    const auto bundle = directory.path() / id;
    std::filesystem::create_directories(bundle / "rootfs");
    const std::string annotations =
        sandbox_id.empty() ? ""
                           : concat(R"("io.kubernetes.cri.container-type":")",
                                    sandbox_id == id ? "sandbox" : "container",
                                    R"(","io.kubernetes.cri.sandbox-id":")", sandbox_id, "\"");
    std::ofstream(bundle / "config.json")
        << R"({"ociVersion":"1.0.2","process":{"cwd":"/","args":["sh"],"user":{"uid":0,"gid":0}},)"
        << R"("root":{"path":"rootfs"},"linux":{})"
        << (annotations.empty() ? "" : concat(R"(,"annotations":{)", annotations, "}")) << "}";
    task::CreateTaskRequest request;
    request.set_id(id);
    request.set_bundle(bundle);
    request.mutable_options()->set_type_url("runtimeoptions.v1.Options");
    task::RuntimeOptions options;
    options.set_config_path(directory.path() / "configuration.toml");
    request.mutable_options()->set_value(options.SerializeAsString());
    return request;
  }

  template <class Response, class Request>
  Result<Response> call(const char* method, const Request& request,
                        const char* service = "containerd.task.v2.Task") {
    return shim_v2::await(
        loop, ttrpc::call<Response>(client, service, method, request, ttrpc::CallOptions{limit}));
  }

  std::uint32_t create(const std::string& id, const std::string& sandbox_id = "") {
    const auto made = call<task::CreateTaskResponse>("Create", create_request(id, sandbox_id));
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    return made.value().pid();
  }
  Result<task::StartResponse> start(const std::string& id, const std::string& exec_id = "") {
    return call<task::StartResponse>("Start", named<task::StartRequest>(id, exec_id));
  }
  void run(const std::string& id, const std::string& sandbox_id = "") {
    create(id, sandbox_id);
    REQUIRE(start(id).ok());
  }
  Result<task::StateResponse> state(const std::string& id, const std::string& exec_id = "") {
    return call<task::StateResponse>("State", named<task::StateRequest>(id, exec_id));
  }
  Result<task::WaitResponse> wait(const std::string& id, const std::string& exec_id = "") {
    return call<task::WaitResponse>("Wait", named<task::WaitRequest>(id, exec_id));
  }
  Result<task::DeleteResponse> remove(const std::string& id, const std::string& exec_id = "") {
    return call<task::DeleteResponse>("Delete", named<task::DeleteRequest>(id, exec_id));
  }
  Result<containerd::Empty> kill(const std::string& id, std::uint32_t signal) {
    return kill(id, "", signal);
  }
  Result<containerd::Empty> kill(const std::string& id, const std::string& exec_id,
                                 std::uint32_t signal) {
    auto request = named<task::KillRequest>(id, exec_id);
    request.set_signal(signal);
    return call<containerd::Empty>("Kill", request);
  }
  Result<containerd::Empty> exec(const std::string& id, const std::string& exec_id) {
    auto request = named<task::ExecProcessRequest>(id, exec_id);
    request.mutable_spec()->set_value(R"({"cwd":"/","args":["true"],"user":{"uid":0,"gid":0}})");
    return call<containerd::Empty>("Exec", request);
  }
  bool dismissed() {
    task::ShutdownRequest request;
    REQUIRE(call<containerd::Empty>("Shutdown", request).ok());
    return ends_soon();
  }
  // The shim has been told to end.
  bool ends_soon() { return shim_v2::await(loop, dismissed_soon()); }

  // "create start exit": the events so far, without "/tasks/".
  std::string events() {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    CHECK(shim_v2::await(loop, publisher.drained(deadline)));
    std::string text;
    for (const auto& envelope : containerd.taken)
      text += (text.empty() ? "" : " ") + envelope.topic().substr(std::string("/tasks/").size());
    return text;
  }

  bool soon(const std::function<bool()>& condition) {
    return shim_v2::await(loop, becomes(condition));
  }

  template <class Request>
  static Request named(const std::string& id, const std::string& exec_id) {
    Request request;
    request.set_id(id);
    request.set_exec_id(exec_id);
    return request;
  }

  TemporaryDirectory directory{};
  boost::asio::io_context loop{1};
  std::chrono::nanoseconds limit{0};  // of the test's patience with a call; 0: none
  std::filesystem::path agent_socket = directory.path() / "agent.sock";  // where the shim goes
  GuestNetwork network{};                                                // of the pod
  fakes::CallLog log{};
  fakes::FakeHypervisor* hypervisor = nullptr;  // of the sandbox that was made last
  Guest guest{loop, directory.path() / "agent.sock"};
  fakes::FakeContainerd containerd{loop, directory.path() / "events.sock"};
  sandbox::Store store{directory.path() / "run"};
  shim_v2::EventPublisher publisher{
      loop.get_executor(),
      shim_v2::EventTarget{"default", directory.path() / "events.sock", "", ""}};
  shim_v2::Pod pod{loop.get_executor(), store,
                   [this](const sandbox::SandboxRecord&) { return parts(); }};
  shim_v2::Tasks tasks;
  shim_v2::SandboxApi sandbox_api{loop.get_executor(), directory.path() / "configuration.toml", pod,
                                  tasks};
  ttrpc::Server methods{};
  sandbox::SocketServer server{loop.get_executor(),
                               listen_unix(directory.path() / "shim.sock").take(), methods};
  ttrpc::Client client{loop.get_executor(), connect_unix(directory.path() / "shim.sock").take()};

  // `lines` are for [hypervisor.qemu].
  void configure(const std::string& lines) {
    const auto file = directory.path() / "configuration.toml";
    std::ofstream(file) << "[plugins]\nhypervisor = \"qemu\"\nshared_filesystem = \"virtiofs\"\n"
                           "network = \"none\"\n[hypervisor.qemu]\nkernel = \"/vmlinux\"\n"
                           "initrd = \"/initrd.img\"\n"
                        << lines << "[agent.kata]\ndial_timeout = 5\n";
    std::filesystem::permissions(file, std::filesystem::perms(0600));
  }

  // Of a bundle that create_request() has made.
  void annotate(const std::string& id, const std::string& name, const std::string& value) {
    insert_into_spec(id, concat(R"("annotations":{")", name, R"(":")", value, R"("})"));
  }

  // On the host, before the container's Create returns; of a bundle that create_request() has made.
  void add_hook(const std::string& id, const std::string& script) {
    insert_into_spec(
        id, concat(R"("hooks":{"createRuntime":[{"path":"/bin/sh","args":["sh","-c",")", script,
                   R"("]}]})"));
  }

 private:
  void insert_into_spec(const std::string& id, const std::string& member) {
    const auto file = directory.path() / id / "config.json";
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    const std::string whole = text.str();
    std::ofstream(file) << "{" << member << "," << whole.substr(1);
  }

  Result<sandbox::SandboxParts> parts() {
    auto made = std::make_unique<fakes::FakeHypervisor>(log, agent_socket);
    hypervisor = made.get();
    sandbox::SandboxParts parts;
    auto links = std::make_unique<fakes::FakeNetwork>(log);
    links->guest = network;
    parts.network = std::move(links);
    parts.filesystem = std::make_unique<fakes::FakeSharedFilesystem>(log);
    parts.hypervisor = std::move(made);
    return parts;
  }

  std::vector<GuestProcess*> all_processes() {
    std::vector<GuestProcess*> all;
    for (auto& [id, process] : guest.processes) all.push_back(&process);
    return all;
  }

  boost::asio::awaitable<bool> becomes(std::function<bool()> condition) {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      const Deadline now = std::chrono::steady_clock::now();
      if (now > deadline) co_return false;
      const Deadline next = now + std::chrono::milliseconds(5);
      co_await sandbox::sleep_until(next);
    }
    co_return true;
  }

  boost::asio::awaitable<bool> dismissed_soon() {
    using namespace boost::asio::experimental::awaitable_operators;
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    const auto first = co_await (tasks.dismissed() || sandbox::sleep_until(deadline));
    co_return first.index() == 0;
  }
};

}  // namespace kata::test
