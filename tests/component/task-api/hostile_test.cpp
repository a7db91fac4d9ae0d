// SPDX-License-Identifier: Apache-2.0
//
// A shim whose guest is an attacker's: every method is answered in every wrong way, through the
// whole life of a pod. Calls may fail, but the shim lives, State answers, SIGKILL and Delete end
// the pod on the host, memory is bounded, and the log has no line that the guest wrote.
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "agent.pb.h"
#include "containerd/events.pb.h"
#include "tests/component/task-api/attacks.h"
#include "tests/component/task-api/stage.h"
#include "tests/component/task-api/watchers.h"

using namespace kata;
using namespace kata::test;
using std::chrono::milliseconds;

namespace {

// Every method that the shim calls during a life.
constexpr const char* kMethods[] = {
    "Check",           "CreateSandbox",   "UpdateInterface", "UpdateRoutes",   "AddARPNeighbors",
    "CreateContainer", "StartContainer",  "ExecProcess",     "SignalProcess",  "WaitProcess",
    "ReadStdout",      "ReadStderr",      "WriteStdin",      "CloseStdin",     "TtyWinResize",
    "PauseContainer",  "ResumeContainer", "UpdateContainer", "StatsContainer", "RemoveContainer",
    "GetOOMEvent"};
constexpr milliseconds kCreateLimit{20000}, kSilentCreateLimit{1000}, kCallLimit{300};
constexpr std::size_t kMethodsOfCreate = 6;      // so many of kMethods
constexpr std::size_t kExtraMemory = 32U << 20;  // the attacker's own buffers are in it
constexpr std::size_t kThreads = 64;             // of rows, which mostly wait

std::string fifo(const Stage& stage, const char* name, UniqueFd& end) {
  const auto path = stage.directory.path() / name;
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  end.reset(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  return path;
}

task::StatsRequest stats_request(const std::string& id) {
  task::StatsRequest request;
  request.set_id(id);
  return request;
}

std::string data_reply(std::size_t size) {
  grpc::ReadStreamResponse reply;
  reply.set_data(std::string(size, 'x'));
  return reply.SerializeAsString();
}

std::string oom_reply(const std::string& id) {
  grpc::OOMEvent event;
  event.set_container_id(id);
  return event.SerializeAsString();
}

// What containerd does with a task that it wants to be rid of.
void end(Stage& stage, const std::string& id) {
  INFO(id);
  stage.limit = {};
  if (!stage.state(id).ok()) return;
  static_cast<void>(stage.kill(id, SIGKILL));
  CHECK(stage.state(id).ok());
  CHECK(stage.wait(id).ok());
  const auto removed = stage.remove(id);
  CHECK_MESSAGE(removed.ok(), removed.error().message);
}

// Each call that asks the guest something.
void use(Stage& stage, const std::string& id) {
  static_cast<void>(stage.start(id));
  static_cast<void>(stage.exec(id, "e1"));
  static_cast<void>(stage.start(id, "e1"));
  auto resize = stage.named<task::ResizePtyRequest>(id, "");
  static_cast<void>(stage.call<containerd::Empty>("ResizePty", resize));
  task::PauseRequest pause;
  pause.set_id(id);
  static_cast<void>(stage.call<containerd::Empty>("Pause", pause));
  task::ResumeRequest resume;
  resume.set_id(id);
  static_cast<void>(stage.call<containerd::Empty>("Resume", resume));
  task::UpdateTaskRequest update;
  update.set_id(id);
  update.mutable_resources()->set_value(R"({"memory":{"limit":67108864}})");
  static_cast<void>(stage.call<containerd::Empty>("Update", update));
  static_cast<void>(stage.call<task::StatsResponse>("Stats", stats_request(id)));
  auto close = stage.named<task::CloseIORequest>(id, "");
  close.set_stdin(true);
  static_cast<void>(stage.call<containerd::Empty>("CloseIO", close));
  static_cast<void>(stage.kill(id, SIGUSR1));
}

// Of one row: the rows' sandboxes have control groups of the host beside each other.
struct Names {
  std::string pod{}, container{};
};

Names new_names() {
  static std::atomic<int> count{0};
  const int number = ++count;
  return {concat("p", number), concat("c", number)};
}

void check_events(const Stage& stage, const Names& names) {
  for (const auto& envelope : stage.containerd.taken) {
    containerd::events::TaskOOM event;  // its only field is the first of the others too
    if (envelope.topic() != "/tasks/oom" && envelope.topic() != "/tasks/exit") continue;
    REQUIRE(event.ParseFromString(envelope.event().value()));
    CHECK((event.container_id() == names.pod || event.container_id() == names.container));
  }
}

// `create_limit`: of the patience with a Create. `attacked`: whether the attack has begun.
void live(Stage& stage, milliseconds create_limit, const std::function<bool()>& attacked) {
  const Names names = new_names();
  UniqueFd reader, writer;
  stage.limit = create_limit;
  const auto created =
      stage.call<task::CreateTaskResponse>("Create", stage.create_request(names.pod, names.pod));
  if (!created.ok()) CHECK_MESSAGE(stage.soon(attacked), created.error().message);
  static_cast<void>(stage.start(names.pod));
  auto request = stage.create_request(names.container, names.pod);
  request.set_stdout(fifo(stage, "out", reader));
  request.set_stdin(fifo(stage, "in", writer));
  REQUIRE(::write(writer.get(), "typed", 5) == 5);
  static_cast<void>(stage.call<task::CreateTaskResponse>("Create", request));
  writer.reset();
  stage.limit = kCallLimit;
  use(stage, names.container);
  end(stage, names.container);
  end(stage, names.pod);
  task::ShutdownRequest shutdown;
  shutdown.set_now(true);  // of a Create that is still under way
  CHECK(stage.call<containerd::Empty>("Shutdown", shutdown).ok());
  CHECK(stage.soon([&] { return stage.store.container_ids().value().empty(); }));
  check_events(stage, names);
}

// How often the method was called.
int play(const char* method, HostileAgent::Attack attack,
         milliseconds create_limit = kCreateLimit) {
  Stage stage(kShort);
  stage.network.interfaces = {{"eth0", "eth0", "02:00:00:00:00:01", 1500, {"10.0.0.2/24"}, 0}};
  stage.network.routes = {{"", "10.0.0.1", "", "eth0"}};
  stage.network.neighbors = {{"10.0.0.1", "02:00:00:00:00:02", "eth0"}};
  HostileAgent agent(stage.loop, stage.directory.path() / "hostile.sock", stage.agent_socket,
                     method, std::move(attack));
  stage.agent_socket = stage.directory.path() / "hostile.sock";
  live(stage, create_limit, [&] { return agent.attacks() > 0; });
  CHECK(agent.connections() == 1);  // a guest that hangs up is not dialled again
  return agent.attacks();
}

struct Row {
  const char* method;
  const NamedAttack* attack;
};

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const char* method : kMethods)
    for (const NamedAttack& attack : attacks()) rows.push_back({method, &attack});
  return rows;
}

void play_row(const Row& row) {
  INFO(concat(row.method, ": ", row.attack->name));
  const std::span of_create(kMethods, kMethodsOfCreate);
  const bool hangs_in_create = row.attack->silent && std::find(of_create.begin(), of_create.end(),
                                                               row.method) != of_create.end();
  try {
    CHECK(play(row.method, row.attack->attack,
               hangs_in_create ? kSilentCreateLimit : kCreateLimit) > 0);
  } catch (const std::exception& failure) {
    FAIL_CHECK(failure.what());
  } catch (...) {  // a REQUIRE, which has been reported
  }
}

// Beside each other, for most of a row's time is waiting.
void play_all(const std::vector<Row>& rows) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (std::size_t row; (row = next++) < rows.size();) play_row(rows[row]);
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("whatever a guest's agent answers the shim lives and the pod ends") {
  const TemporaryDirectory directory;
  const LogFile log(directory.path() / "log");
  play_all(all_rows());
  log.check();
}

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("the longest answers of a guest's agent take bounded memory") {
  for (const char* method : {"ReadStdout", "StatsContainer", "WaitProcess", "GetOOMEvent"})
    for (const NamedAttack& attack : attacks()) {
      if (!attack.large) continue;
      INFO(concat(method, ": ", attack.name));
      const PeakMemory memory;
      CHECK(play(method, attack.attack) > 0);
      CHECK(memory.growth() < kExtraMemory);
    }
}

TEST_CASE("replies that nobody asked for stop nobody and take bounded memory") {
  Stage stage(kShort);
  const auto flood = [](std::uint32_t id) {
    return HostileAgent::Answer{error_frame(id + 0x10000, 13, std::string(60000, 'x')), false,
                                true};
  };
  HostileAgent agent(stage.loop, stage.directory.path() / "hostile.sock", stage.agent_socket,
                     "StatsContainer", flood);
  stage.agent_socket = stage.directory.path() / "hostile.sock";
  stage.run("c1");
  const PeakMemory memory;
  stage.limit = std::chrono::seconds(2);
  CHECK_FALSE(stage.call<task::StatsResponse>("Stats", stats_request("c1")).ok());
  CHECK(stage.state("c1").ok());
  end(stage, "c1");
  CHECK(memory.growth() < kExtraMemory);
}

TEST_CASE("endless output goes on being read in bounded memory and ends with its container") {
  for (const bool unwanted : {true, false}) {
    INFO(std::string(unwanted ? "nobody wants it" : "its reader stalls"));
    Stage stage(kShort);
    int blocks = 0;
    const auto more = [&](std::uint32_t id) {
      ++blocks;
      return HostileAgent::Answer{ok_frame(id, data_reply(128U << 10))};
    };
    HostileAgent agent(stage.loop, stage.directory.path() / "hostile.sock", stage.agent_socket,
                       "ReadStdout", more);
    stage.agent_socket = stage.directory.path() / "hostile.sock";
    UniqueFd reader;
    auto request = stage.create_request("c1");
    if (!unwanted) request.set_stdout(fifo(stage, "out", reader));
    const PeakMemory memory;
    REQUIRE(stage.call<task::CreateTaskResponse>("Create", request).ok());
    REQUIRE(stage.start("c1").ok());
    if (unwanted) CHECK(stage.soon([&] { return blocks > 500; }));
    CHECK(stage.state("c1").ok());
    end(stage, "c1");
    CHECK((unwanted || blocks < 10));
    CHECK(memory.growth() < kExtraMemory);
  }
}
#endif

TEST_CASE("a stream that is longer than asked for ends where it is") {
  Stage stage;
  UniqueFd reader;
  auto request = stage.create_request("c1");
  request.set_stdout(fifo(stage, "out", reader));
  REQUIRE(stage.call<task::CreateTaskResponse>("Create", request).ok());
  REQUIRE(stage.start("c1").ok());
  GuestProcess& process = stage.guest.processes["c1"];
  process.output = "asked for";
  CHECK(stage.soon([&] { return process.output.empty(); }));
  process.output = std::string((128U << 10) + 1, 'x');  // one byte more than a read asks for
  CHECK(stage.soon([&] { return process.output.empty(); }));
  process.output = "behind it";
  process.code = 0;
  CHECK(stage.wait("c1").ok());
  CHECK(process.output == "behind it");
  char text[64] = {};
  CHECK(::read(reader.get(), text, sizeof text) == 9);
  CHECK(std::string(text) == "asked for");
}

TEST_CASE("a container's out of memory events are told no faster than a hundred in a second") {
  Stage stage;
  int asked = 0;
  const auto at_once = [&](std::uint32_t id) {
    ++asked;
    return HostileAgent::Answer{ok_frame(id, oom_reply(asked % 2 == 0 ? "c1" : "another"))};
  };
  HostileAgent agent(stage.loop, stage.directory.path() / "hostile.sock", stage.agent_socket,
                     "GetOOMEvent", at_once);
  stage.agent_socket = stage.directory.path() / "hostile.sock";
  stage.run("c1");
  const auto began = std::chrono::steady_clock::now();
  CHECK(stage.soon([&] { return asked > 50; }));
  CHECK(std::chrono::steady_clock::now() - began > milliseconds(450));
  stage.guest.processes["c1"].code = 0;
  CHECK(stage.wait("c1").ok());
  static_cast<void>(stage.events());
  std::size_t told = 0;
  for (const auto& envelope : stage.containerd.taken) told += envelope.topic() == "/tasks/oom";
  CHECK(told > 10);
  CHECK(told <= static_cast<std::size_t>(asked) / 2);
  check_events(stage, {"", "c1"});
}

TEST_CASE("an annotation that merely contains an enabled name is refused") {
  Stage stage;
  stage.configure("enable_annotations = [\"path\", \"default_v\"]\n");
  for (const char* name : {"firmware_path", "path_x", "default_vcpus", "xpath"}) {
    INFO(std::string(name));
    auto request = stage.create_request("c1");
    stage.annotate("c1", concat("io.katacontainers.config.hypervisor.", name), "/bin/sh");
    const auto made = stage.call<task::CreateTaskResponse>("Create", request);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().message.find(concat("hypervisor.", name, " is not enabled")) !=
          std::string::npos);
    CHECK(stage.store.container_ids().value().empty());
  }
}
