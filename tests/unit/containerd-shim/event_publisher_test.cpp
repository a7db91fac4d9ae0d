// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/event_publisher.h"

#include <doctest/doctest.h>

#include <fstream>
#include <optional>

#include "containerd/events.pb.h"
#include "tests/fakes/fake_containerd.h"
#include "tests/temporary_directory.h"
#include "tests/unit/containerd-shim/await.h"

using namespace kata;
using namespace kata::shim_v2;
using kata::fakes::FakeContainerd;

namespace {

struct Stage {
  boost::asio::io_context loop{1};
  TemporaryDirectory directory{};
  std::filesystem::path socket = directory.path() / "c.sock.ttrpc";
  EventPublisher publisher{loop.get_executor(), EventTarget{"n1", socket, "", ""}};

  bool drained() {
    return await(loop,
                 publisher.drained(std::chrono::steady_clock::now() + std::chrono::seconds(20)));
  }
};

std::string topics(const FakeContainerd& containerd) {
  std::string text;
  for (const auto& envelope : containerd.taken) text += envelope.topic() + " ";
  return text;
}

}  // namespace

TEST_CASE("events arrive in their order with namespace and type") {
  Stage stage;
  FakeContainerd containerd(stage.loop, stage.socket);
  for (const char* topic : {"/tasks/create", "/tasks/start", "/tasks/exit"})
    stage.publisher.publish(topic, "TaskAny", "value");
  CHECK(stage.drained());
  CHECK(topics(containerd) == "/tasks/create /tasks/start /tasks/exit ");
  CHECK(containerd.taken[0].namespace_() == "n1");
  CHECK(containerd.taken[0].event().type_url() == "containerd.events.TaskAny");
  CHECK(containerd.taken[0].event().value() == "value");
  CHECK(containerd.taken[0].timestamp().seconds() > 1'600'000'000);
}

TEST_CASE("events wait for a containerd that is away and keep their order") {
  Stage stage;
  stage.publisher.publish("/tasks/exit", "TaskExit", "1");
  CHECK_FALSE(await(stage.loop, stage.publisher.drained(std::chrono::steady_clock::now() +
                                                        std::chrono::seconds(1))));
  std::optional<FakeContainerd> containerd;
  containerd.emplace(stage.loop, stage.socket);
  containerd->failures = 2;
  stage.publisher.publish("/tasks/delete", "TaskDelete", "2");
  CHECK(stage.drained());
  CHECK(topics(*containerd) == "/tasks/exit /tasks/delete ");
}

TEST_CASE("an event that containerd refuses does not hold up the others") {
  Stage stage;
  FakeContainerd containerd(stage.loop, stage.socket);
  containerd.refused = "/tasks/odd";
  stage.publisher.publish("/tasks/odd", "TaskOdd", "");
  stage.publisher.publish("/tasks/exit", "TaskExit", "");
  CHECK(stage.drained());
  CHECK(topics(containerd) == "/tasks/exit ");
}

TEST_CASE("without a ttRPC address containerd's program publishes") {
  const TemporaryDirectory directory;
  const auto program = directory.path() / "containerd";
  std::ofstream(program) << "#!/bin/sh\necho \"$@\" >> " << directory.path().native()
                         << "/calls\ncat >> " << directory.path().native() << "/input\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  boost::asio::io_context loop{1};
  EventPublisher publisher(loop.get_executor(), EventTarget{"n1", "", "/run/c.sock", program});
  publisher.publish("/tasks/exit", "TaskExit", "value");
  CHECK(
      await(loop, publisher.drained(std::chrono::steady_clock::now() + std::chrono::seconds(20))));
  std::ifstream calls(directory.path() / "calls"), input(directory.path() / "input");
  std::string line;
  std::getline(calls, line);
  CHECK(line == "--address /run/c.sock publish --topic /tasks/exit --namespace n1");
  containerd::Any event;
  CHECK(event.ParseFromIstream(&input));
  CHECK(event.type_url() == "containerd.events.TaskExit");
}
