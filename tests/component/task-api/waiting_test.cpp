// SPDX-License-Identifier: Apache-2.0
//
// Calls of the Task API that hang, and what must go on beside them.
#include <malloc.h>

#include <csignal>
#include <filesystem>

#include "tests/component/task-api/stage.h"

using namespace kata;
using namespace kata::test;

namespace {

// A call that goes on while the test does other things; says whether it has ended.
template <class Response, class Request>
std::function<bool()> begin(Stage& stage, const char* method, Request request) {
  struct Pending {
    Request request;
    std::optional<Result<Response>> reply{};
  };
  const auto pending = std::make_shared<Pending>(Pending{std::move(request)});
  auto call =
      ttrpc::call<Response>(stage.client, "containerd.task.v2.Task", method, pending->request);
  boost::asio::co_spawn(stage.loop, shim_v2::keep(std::move(call), pending->reply),
                        [pending](const std::exception_ptr&) {});
  return [pending] { return pending->reply.has_value(); };
}

task::KillRequest kill_request(const std::string& id) {
  auto request = Stage::named<task::KillRequest>(id, "");
  request.set_signal(SIGUSR1);
  return request;
}

// One call of containerd that asks the guest, with the agent's method in which it hangs.
struct Hang {
  const char* method;
  std::function<bool()> (*begin)(Stage& stage);
};

template <class Response, class Request>
std::function<bool()> about_c1(Stage& stage, const char* method) {
  Request request;
  request.set_id("c1");
  return begin<Response>(stage, method, request);
}

const Hang kHangs[] = {
    {"StartContainer",
     [](Stage& stage) {
       return about_c1<task::StartResponse, task::StartRequest>(stage, "Start");
     }},
    {"PauseContainer",
     [](Stage& stage) { return about_c1<containerd::Empty, task::PauseRequest>(stage, "Pause"); }},
    {"StatsContainer",
     [](Stage& stage) {
       return about_c1<task::StatsResponse, task::StatsRequest>(stage, "Stats");
     }},
    {"TtyWinResize",
     [](Stage& stage) {
       return about_c1<containerd::Empty, task::ResizePtyRequest>(stage, "ResizePty");
     }},
    {"UpdateContainer",
     [](Stage& stage) {
       task::UpdateTaskRequest request;
       request.set_id("c1");
       request.mutable_resources()->set_value(R"({"memory":{"limit":67108864}})");
       return begin<containerd::Empty>(stage, "Update", request);
     }},
    {"SignalProcess",
     [](Stage& stage) { return begin<containerd::Empty>(stage, "Kill", kill_request("c1")); }},
    {"CreateContainer",
     [](Stage& stage) {
       return begin<task::CreateTaskResponse>(stage, "Create", stage.create_request("c2", "p1"));
     }},
};

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

void probe(Stage& stage, const std::string& exec_id) {
  auto request = Stage::named<task::ExecProcessRequest>("c1", exec_id);
  request.mutable_spec()->set_value(R"({"cwd":"/","args":["true"],"user":{"uid":0,"gid":0}})");
  const auto fifo = stage.directory.path() / exec_id;
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  request.set_stdout(fifo);
  REQUIRE(stage.call<containerd::Empty>("Exec", request).ok());
  REQUIRE(stage.start("c1", exec_id).ok());
  stage.guest.processes[exec_id].output = "healthy";
  stage.guest.processes[exec_id].code = 0;
  REQUIRE(stage.wait("c1", exec_id).ok());
  REQUIRE(stage.remove("c1", exec_id).ok());
  stage.guest.processes.erase(exec_id);
  std::filesystem::remove(fifo);
}

}  // namespace

TEST_CASE("State answers while any other call hangs in the guest") {
  for (const Hang& hang : kHangs) {
    INFO(std::string(hang.method));
    Stage stage;
    stage.run("p1", "p1");
    stage.create("c1", "p1");
    if (hang.method != std::string("StartContainer")) REQUIRE(stage.start("c1").ok());
    stage.guest.payloads.clear();
    stage.guest.silent = {hang.method};
    const auto is_over = hang.begin(stage);
    CHECK(stage.soon([&] { return stage.guest.payloads.contains(hang.method); }));
    CHECK(stage.state("c1").ok());
    CHECK(stage.state("p1").ok());
    CHECK_FALSE(is_over());
    stage.guest.silent.clear();
    CHECK(stage.soon(is_over));
  }
}

TEST_CASE("State answers while a plugin does not return") {
  Stage stage;
  stage.run("p1", "p1");
  stage.log.take();
  stage.log.hold("filesystem.share c1-rootfs");
  const auto is_over =
      begin<task::CreateTaskResponse>(stage, "Create", stage.create_request("c1", "p1"));
  CHECK(stage.soon([&] { return stage.log.has("filesystem.share c1-rootfs"); }));
  CHECK(stage.state("p1").value().status() == task::RUNNING);
  CHECK(stage.kill("p1", SIGUSR1).ok());
  CHECK_FALSE(is_over());
  stage.log.hold("");
  CHECK(stage.soon(is_over));
  CHECK(stage.state("c1").value().status() == task::CREATED);
}

TEST_CASE("a container that is to join a pod too early is refused and the pod goes on") {
  Stage stage;
  stage.guest.silent = {"CreateSandbox"};
  const auto is_over =
      begin<task::CreateTaskResponse>(stage, "Create", stage.create_request("p1", "p1"));
  CHECK(stage.soon([&] { return stage.guest.payloads.contains("CreateSandbox"); }));
  const auto early =
      stage.call<task::CreateTaskResponse>("Create", stage.create_request("c1", "p1"));
  REQUIRE_FALSE(early.ok());
  CHECK(early.error().message.find("sandbox 'p1' is being brought up") != std::string::npos);
  CHECK_FALSE(is_over());
  stage.guest.silent.clear();
  CHECK(stage.soon(is_over));
  CHECK(stage.state("p1").value().status() == task::CREATED);
  CHECK_FALSE(stage.state("c1").ok());
  stage.run("c1", "p1");
}

TEST_CASE("State answers while a hook runs") {
  Stage stage;
  stage.run("p1", "p1");
  auto request = stage.create_request("c1", "p1");
  const auto flag = stage.directory.path() / "flag";
  stage.add_hook("c1", concat("touch ", flag.native(), ".runs; while [ ! -e ", flag.native(),
                              " ]; do sleep 0.05; done"));
  const auto is_over = begin<task::CreateTaskResponse>(stage, "Create", request);
  CHECK(stage.soon([&] { return std::filesystem::exists(flag.native() + ".runs"); }));
  CHECK(stage.state("p1").value().status() == task::RUNNING);
  CHECK_FALSE(is_over());
  std::ofstream(flag) << "go on";
  CHECK(stage.soon(is_over));
}

TEST_CASE("execs that come and go leave no descriptor and no memory") {
  Stage stage;
  stage.run("c1");
  for (int i = 0; i < 20; ++i) probe(stage, concat("warm-", i));
  const std::size_t open = descriptors(), used = ::mallinfo2().uordblks;
  for (int i = 0; i < 300; ++i) {
    stage.containerd.taken.clear();
    probe(stage, concat("e", i));
  }
  CHECK(descriptors() == open);
  CHECK(::mallinfo2().uordblks < used + (32U << 10));  // 100 bytes an exec
}

TEST_CASE("a shim that is told to end while a container is being created leaves nothing") {
  for (const char* step : {"Check", "CreateSandbox", "CreateContainer"}) {
    INFO(std::string(step));
    Stage stage;
    stage.guest.silent = {step};
    std::optional<Result<task::CreateTaskResponse>> created;
    const auto request = stage.create_request("c1");
    auto call = ttrpc::call<task::CreateTaskResponse>(stage.client, "containerd.task.v2.Task",
                                                      "Create", request);
    boost::asio::co_spawn(stage.loop, shim_v2::keep(std::move(call), created),
                          boost::asio::detached);
    CHECK(stage.soon([&] { return stage.guest.payloads.contains(step); }));
    task::ShutdownRequest shutdown;
    shutdown.set_now(true);
    CHECK(stage.call<containerd::Empty>("Shutdown", shutdown).ok());
    CHECK(stage.soon([&] { return created.has_value(); }));
    CHECK_FALSE(created->ok());
    CHECK(stage.store.container_ids().value().empty());
  }
}
