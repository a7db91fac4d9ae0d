// SPDX-License-Identifier: Apache-2.0
//
// A plugin that goes wrong in the shim's process: an exception is an error of the call, a crash
// the end of the shim, with the plugin's name in containerd's log and nothing left after `delete`.
#include "containerd/task.pb.h"
#include "tests/component/shim-process/shim_process.h"

using namespace kata;
using namespace kata::test;
namespace task = kata::containerd::task;

namespace {

std::string library(const char* name) {
  return std::string(KATA_BROKEN_PLUGINS "/") + name + ".so";
}

void start(const ShimProcess& shim) {
  const CommandResult started = shim.start();
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
}

void start_container(const ShimProcess& shim) {
  const auto created = shim.create();
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  const auto started = shim.of_task<task::StartResponse, task::StartRequest>("Start");
  REQUIRE_MESSAGE(started.ok(), started.error().message);
}

void check_crashed(ShimProcess& shim, const std::string& message) {
  CHECK(shim.ended());
  const std::string log = shim.logged();
  CHECK_MESSAGE(log.find(message) != std::string::npos, log);
  const CommandResult deleted = shim.clean_up();
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  task::DeleteResponse response;
  REQUIRE(response.ParseFromString(deleted.out));
  CHECK(response.exit_status() == 137);
  CHECK(shim.leaked() == "");
}

}  // namespace

TEST_CASE("a plugin that throws fails the call and the shim lives") {
  for (const char* what : {"own", "number"}) {
    INFO(std::string(what));
    ShimProcess shim(library("throws_network"),
                     std::string("[network.throws_network]\nwhat = \"") + what + "\"\n");
    start(shim);
    const auto created = shim.create();
    REQUIRE_FALSE(created.ok());
    CHECK_MESSAGE(created.error().message.find("plugin 'throws_network': check_host threw") !=
                      std::string::npos,
                  created.error().message);
    CHECK(shim.of_task<task::ConnectResponse, task::ConnectRequest>("Connect").ok());
    CHECK(shim.shut_down().ok());
    CHECK(shim.ended());
    CHECK(shim.leaked() == "");
  }
}

TEST_CASE(
    "a plugin that crashes the shim while a pod is made is named and delete removes the rest") {
  for (const auto& [how, signal] : {std::pair{"segv", "11"}, std::pair{"abort", "6"}}) {
    INFO(std::string(how));
    ShimProcess shim(library("fatal"), std::string("[network.fatal]\nnames = [\"") + how + "\"]\n");
    start(shim);
    CHECK_FALSE(shim.create().ok());
    check_crashed(shim, std::string("containerd-shim-kata-v2: plugin 'fatal' crashed this program "
                                    "in create: signal ") +
                            signal);
  }
}

TEST_CASE("a plugin that crashes the shim while a pod ends is named and delete removes the rest") {
  ShimProcess shim(library("fatal"), "[network.fatal]\nnames = [\"detach\"]\n");
  start(shim);
  start_container(shim);
  task::KillRequest kill;
  kill.set_id(shim.id());
  kill.set_signal(9);
  static_cast<void>(shim.ask<containerd::Empty>(kTaskService, "Kill", kill));
  check_crashed(shim, "plugin 'fatal' crashed this program in detach: signal 6");
}
