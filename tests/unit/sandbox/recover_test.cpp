// SPDX-License-Identifier: Apache-2.0
#include "sandbox/recover.h"

#include <doctest/doctest.h>

#include "kata/child_process.h"
#include "tests/unit/sandbox/stage.h"

namespace kata::sandbox {

namespace {

ChildProcess sleeper() {
  SpawnRequest request;
  request.argv = {"/bin/sleep", "60"};
  return ChildProcess::spawn(std::move(request)).take();
}

Result<void> clean_up(const ProcessRef& vmm) {
  TemporaryDirectory directory;
  Store store(directory.path());
  plugin_host::PluginHost host;
  SandboxRecord record;
  record.id = "s1";
  record.vmm = vmm;
  return clean_up_dead_sandbox(store, host, record);
}

}  // namespace

TEST_CASE("a VMM that outlived its proxy is killed") {
  ChildProcess vmm = sleeper();
  REQUIRE(clean_up({vmm.pid(), process_start_time(vmm.pid()).take()}).ok());
  const auto ended = vmm.wait(std::chrono::steady_clock::now() + std::chrono::seconds(5));
  REQUIRE(ended.ok());
  CHECK(ended.value().has_value());
}

TEST_CASE("a process that merely got the VMM's pid is left alone") {
  ChildProcess stranger = sleeper();
  REQUIRE(clean_up({stranger.pid(), process_start_time(stranger.pid()).take() + 1}).ok());
  const auto ended = stranger.wait(std::chrono::steady_clock::now());
  REQUIRE(ended.ok());
  CHECK_FALSE(ended.value().has_value());
  REQUIRE(stranger.terminate(SIGKILL, std::chrono::steady_clock::now()).ok());
}

TEST_CASE("a record without a VMM or a configuration needs no cleaning") {
  CHECK(clean_up({}).ok());
}

}  // namespace kata::sandbox
