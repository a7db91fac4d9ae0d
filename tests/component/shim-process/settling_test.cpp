// SPDX-License-Identifier: Apache-2.0
//
// The memory of a shim that has nothing to do.
#include <fstream>

#include "containerd/sandbox_api.pb.h"
#include "containerd/task.pb.h"
#include "tests/component/shim-process/shim_process.h"

using namespace kata;
using namespace kata::test;
namespace api = kata::containerd::sandbox_api;
namespace task = kata::containerd::task;

namespace {

// Of code and constants.
long resident_file_kib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;)
    if (word == "RssFile:") {
      long size = 0;
      status >> size;
      return size;
    }
  return 0;
}

void start_pod(const ShimProcess& shim) {
  api::CreateSandboxRequest create;
  create.set_sandbox_id(shim.id());
  create.set_bundle_path(shim.bundle());
  const auto created = shim.ask<containerd::Empty>(kSandboxService, "CreateSandbox", create);
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  api::SandboxRequest start;
  start.set_sandbox_id(shim.id());
  const auto started = shim.ask<api::StartSandboxResponse>(kSandboxService, "StartSandbox", start);
  REQUIRE_MESSAGE(started.ok(), started.error().message);
}

void start_container(const ShimProcess& shim) {
  const auto created = shim.create();
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  const auto started = shim.of_task<task::StartResponse, task::StartRequest>("Start");
  REQUIRE_MESSAGE(started.ok(), started.error().message);
}

}  // namespace

TEST_CASE("a shim gives back what only starting took") {
  for (const auto& [name, bring_up] :
       {std::pair{"a container", &start_container}, std::pair{"a pod", &start_pod}}) {
    INFO(std::string(name));
    const ShimProcess shim;
    REQUIRE(shim.start().exit_code == 0);
    bring_up(shim);
    const long begun = resident_file_kib(shim.pid());
    CHECK(eventually([&] { return resident_file_kib(shim.pid()) < begun / 2; },
                     std::chrono::seconds(10)));
    MESSAGE(name << ": " << begun << " KiB of files, then " << resident_file_kib(shim.pid()));
    CHECK(shim.shut_down().ok());
    CHECK(shim.ended());
    CHECK(shim.leaked() == "");
  }
}
