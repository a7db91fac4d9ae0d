// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "protocol/ttrpc/status.h"
#include "tests/component/task-api/stage.h"

using namespace kata;
using namespace kata::test;

namespace {

std::int32_t code_of(const auto& result) {
  return result.ok() ? 0 : ttrpc::status_code(result.error());
}

constexpr std::int32_t kNotFound = 5, kAlreadyExists = 6, kFailedPrecondition = 9,
                       kUnimplemented = 12;

template <class Request>
Request of_container(const std::string& id) {
  Request request;
  request.set_id(id);
  return request;
}

std::string opened_fifo(Stage& stage, UniqueFd& end, int mode, const char* name) {
  const auto path = stage.directory.path() / name;
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  end.reset(::open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(end);
  return path;
}

}  // namespace

TEST_CASE("a container's life is told to containerd in order and leaves nothing") {
  Stage stage;
  const std::uint32_t pid = stage.create("c1");
  CHECK(pid != 0);
  CHECK(stage.state("c1").value().status() == task::CREATED);
  CHECK(stage.start("c1").value().pid() == pid);
  CHECK(stage.state("c1").value().status() == task::RUNNING);
  CHECK(stage.state("c1").value().exited_at().seconds() == -62135596800);
  REQUIRE(stage.exec("c1", "e1").ok());
  REQUIRE(stage.start("c1", "e1").ok());
  stage.guest.processes["e1"].code = 3;
  CHECK(stage.wait("c1", "e1").value().exit_status() == 3);
  CHECK(stage.state("c1", "e1").value().status() == task::STOPPED);
  CHECK(stage.remove("c1", "e1").value().exit_status() == 3);
  CHECK(stage.call<containerd::Empty>("Pause", of_container<task::PauseRequest>("c1")).ok());
  CHECK(stage.state("c1").value().status() == task::PAUSED);
  CHECK(stage.call<containerd::Empty>("Resume", of_container<task::ResumeRequest>("c1")).ok());
  CHECK(stage.kill("c1", SIGKILL).ok());
  CHECK(stage.wait("c1").value().exit_status() == 137);
  CHECK(stage.remove("c1").value().exit_status() == 137);
  CHECK(stage.events() == "create start exec-added exec-started exit paused resumed exit delete");
  CHECK(stage.dismissed());
  CHECK(stage.store.container_ids().value().empty());
}

TEST_CASE("output and input pass before the end is told") {
  Stage stage;
  UniqueFd reader, writer;
  auto request = stage.create_request("c1");
  request.set_stdout(opened_fifo(stage, reader, O_RDONLY, "out"));
  request.set_stdin(opened_fifo(stage, writer, O_RDWR, "in"));
  REQUIRE(stage.call<task::CreateTaskResponse>("Create", request).ok());
  REQUIRE(stage.start("c1").ok());
  GuestProcess& process = stage.guest.processes["c1"];
  REQUIRE(::write(writer.get(), "typed", 5) == 5);
  CHECK(stage.soon([&] { return process.input == "typed"; }));
  auto close = stage.named<task::CloseIORequest>("c1", "");
  close.set_stdin(true);
  CHECK(stage.call<containerd::Empty>("CloseIO", close).ok());
  CHECK_FALSE(process.input_ended);
  writer.reset();
  CHECK(stage.soon([&] { return process.input_ended; }));
  process.output = "printed";
  process.code = 0;
  CHECK(stage.wait("c1").ok());
  char text[16] = {};
  CHECK(::read(reader.get(), text, sizeof text) == 7);
  CHECK(::read(reader.get(), text, sizeof text) == 0);
}

TEST_CASE("a signal that ends what has ended is no mistake but others are") {
  Stage stage;
  stage.run("c1");
  CHECK(code_of(stage.kill("c2", SIGKILL)) == kNotFound);
  CHECK(stage.kill("c1", SIGUSR1).ok());
  CHECK(stage.kill("c1", SIGTERM).ok());
  CHECK(stage.wait("c1").value().exit_status() == 143);
  CHECK(stage.kill("c1", SIGTERM).ok());
  CHECK(stage.kill("c1", SIGKILL).ok());
  CHECK(code_of(stage.kill("c1", SIGUSR1)) == kNotFound);
}

TEST_CASE("what cannot be done is refused with the code that containerd reads") {
  Stage stage;
  stage.run("c1");
  CHECK(code_of(stage.call<task::CreateTaskResponse>("Create", stage.create_request("c1"))) ==
        kAlreadyExists);
  CHECK(code_of(stage.call<task::CreateTaskResponse>("Create", stage.create_request("c2"))) ==
        kFailedPrecondition);
  CHECK(code_of(stage.state("c2")) == kNotFound);
  CHECK(code_of(stage.state("c1", "e1")) == kNotFound);
  CHECK(code_of(stage.start("c1")) == kFailedPrecondition);
  CHECK(code_of(stage.remove("c1")) == kFailedPrecondition);
  REQUIRE(stage.exec("c1", "e1").ok());
  CHECK(code_of(stage.exec("c1", "e1")) == kAlreadyExists);
  for (const char* service : {"containerd.task.v2.Task", "containerd.task.v3.Task"})
    CHECK(code_of(stage.call<containerd::Empty>(
              "Checkpoint", of_container<task::CheckpointTaskRequest>("c1"), service)) ==
          kUnimplemented);
  CHECK(stage
            .call<task::StatsResponse>("Stats", of_container<task::StatsRequest>("c1"),
                                       "containerd.task.v3.Task")
            .ok());
}

TEST_CASE("a guest that does not take SIGKILL loses its VM") {
  Stage stage;
  stage.run("c1");
  stage.guest.silent = {"SignalProcess"};
  CHECK(stage.kill("c1", SIGKILL).ok());
  CHECK(stage.wait("c1").value().exit_status() == 137);
  CHECK(stage.remove("c1").ok());
}

TEST_CASE("when the VM dies every process ends with 255 and can be deleted") {
  Stage stage;
  stage.run("p1", "p1");
  stage.run("c1", "p1");
  REQUIRE(stage.exec("c1", "e1").ok());
  REQUIRE(stage.start("c1", "e1").ok());
  stage.hypervisor->die("killed by the test");
  CHECK(stage.wait("p1").value().exit_status() == 255);
  CHECK(stage.wait("c1").value().exit_status() == 255);
  CHECK(stage.wait("c1", "e1").value().exit_status() == 255);
  CHECK(stage.kill("c1", SIGKILL).ok());
  CHECK(stage.remove("c1").value().exit_status() == 255);
  CHECK(stage.remove("p1").value().exit_status() == 255);
  CHECK(stage.events() ==
        "create start create start exec-added exec-started exit exit exit delete delete");
  CHECK(stage.store.container_ids().value().empty());
}

TEST_CASE("a pod ends with its first container and no earlier") {
  Stage stage;
  stage.run("p1", "p1");
  stage.run("c1", "p1");
  stage.guest.processes["c1"].code = 0;
  CHECK(stage.wait("c1").ok());
  CHECK(stage.remove("c1").ok());
  CHECK_FALSE(stage.dismissed());
  CHECK(stage.pod.sandbox().status().running);
  stage.run("c2", "p1");
  stage.guest.processes["p1"].code = 0;
  CHECK(stage.wait("p1").value().exit_status() == 0);
  CHECK(stage.wait("c2").value().exit_status() == 137);
  CHECK(stage.remove("c2").ok());
  CHECK(stage.remove("p1").ok());
  CHECK(stage.dismissed());
  CHECK(stage.store.container_ids().value().empty());
}

TEST_CASE("a container that cannot be made leaves nothing") {
  for (const char* step : {"CreateContainer", "CreateSandbox"}) {
    INFO(step);
    Stage stage;
    stage.guest.failing = step;
    const auto made = stage.call<task::CreateTaskResponse>("Create", stage.create_request("c1"));
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().message.find("planted failure") != std::string::npos);
    CHECK(code_of(stage.state("c1")) == kNotFound);
    CHECK(stage.store.container_ids().value().empty());
    CHECK(stage.events().empty());
    CHECK(stage.dismissed());
  }
}

TEST_CASE("a container that was never started can be deleted") {
  Stage stage;
  stage.run("p1", "p1");
  stage.create("c1", "p1");
  CHECK(stage.remove("c1").value().exit_status() == 137);
  CHECK(stage.state("p1").value().status() == task::RUNNING);
}

TEST_CASE("what a hostile guest answers harms nobody") {
  Stage stage;
  stage.run("c1");
  REQUIRE(stage.exec("c1", "e1").ok());
  REQUIRE(stage.start("c1", "e1").ok());
  stage.guest.processes["e1"].output = std::string(1 << 20, 'x');  // more than was asked for
  stage.guest.processes["e1"].code = 0x7fffff02;
  CHECK(stage.wait("c1", "e1").value().exit_status() == 2);
  CHECK(stage.state("c1").value().status() == task::RUNNING);
  stage.guest.oom = "another";
  CHECK(stage.soon([&] { return stage.guest.oom.empty(); }));
  stage.guest.oom = "c1";
  CHECK(stage.soon([&] { return stage.guest.oom.empty(); }));
  CHECK(stage.soon([&] { return stage.containerd.taken.back().topic() == "/tasks/oom"; }));
}
