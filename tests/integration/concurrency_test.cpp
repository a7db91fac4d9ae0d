// SPDX-License-Identifier: Apache-2.0
//
// Verbs that meet on one container, sandboxes beside each other, and pids that were used again.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "kata/concat.h"
#include "kata/unique_fd.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/crash.h"

using namespace kata;
using namespace kata::test;
using Vmm = CrashStage::Vmm;

namespace {

constexpr int kTogether = 8;

// Runs `work(number)` on so many threads at once.
template <class Work>
void together(Work work) {
  std::vector<std::thread> threads;
  for (int number = 0; number < kTogether; ++number) threads.emplace_back(work, number);
  for (std::thread& thread : threads) thread.join();
}

// The lock of "c1", as a verb holds it.
UniqueFd lock_of(const CrashStage& stage) {
  UniqueFd lock(::open((stage.runtime().root() / "c1").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);
  return lock;
}

void point_at(const std::filesystem::path& file, const std::vector<const char*>& keys, pid_t pid) {
  nlohmann::json record;
  std::ifstream(file) >> record;
  for (const char* key : keys) record[key]["pid"] = pid;
  std::ofstream(file) << record.dump();
}

}  // namespace

TEST_CASE("of eight that create one container one wins and the others say why not") {
  const CrashStage stage(Vmm::kFake);
  std::vector<CommandResult> results(kTogether);
  together([&](int number) {
    results[static_cast<std::size_t>(number)] = stage.runtime()(stage.create_verb());
  });
  int winners = 0;
  for (const CommandResult& result : results) {
    winners += result.exit_code == 0;
    if (result.exit_code != 0)
      CHECK_MESSAGE(result.err.find("container 'c1' already exists") != std::string::npos,
                    result.err);
  }
  CHECK(winners == 1);
  CHECK(stage.runtime().state("c1").value("status", "") == "created");
  stage.check_clean_up();
}

TEST_CASE("of eight that start one container one wins and the others say why not") {
  const CrashStage stage(Vmm::kFake);
  stage.bring_to("created");
  std::vector<CommandResult> results(kTogether);
  together([&](int number) {
    results[static_cast<std::size_t>(number)] = stage.runtime()({"start", "c1"});
  });
  CHECK(std::count_if(results.begin(), results.end(),
                      [](const CommandResult& result) { return result.exit_code == 0; }) == 1);
  for (const CommandResult& result : results)
    if (result.exit_code != 0)
      CHECK_MESSAGE(result.err.find("container 'c1' is running") != std::string::npos, result.err);
  stage.check_clean_up();
}

TEST_CASE("a verb waits for another that is at work on the container") {
  const CrashStage stage(Vmm::kFake);
  stage.bring_to("running");
  UniqueFd lock = lock_of(stage);
  CommandResult paused;
  std::thread second([&] { paused = stage.runtime()({"pause", "c1"}); });
  CHECK(stage.runtime().state("c1").value("status", "") == "running");  // readers do not wait
  CHECK(stage.runtime()({"kill", "c1", "0"}).exit_code != 128 + SIGKILL);
  lock.reset();
  second.join();
  CHECK_MESSAGE(paused.exit_code == 0, paused.err);
  CHECK(stage.runtime().state("c1").value("status", "") == "paused");
  stage.check_clean_up();
}

TEST_CASE("delete --force ends the sandbox of a verb that will not let go and says who is busy") {
  const CrashStage stage(Vmm::kFake);
  stage.bring_to("running");
  UniqueFd lock = lock_of(stage);
  const CommandResult refused = stage.runtime()({"delete", "--force", "c1"});
  CHECK(refused.exit_code != 0);
  CHECK(refused.err.find("container 'c1' is busy") != std::string::npos);
  CHECK(stage.runtime().state("c1").value("status", "") == "stopped");
  lock.reset();
  stage.check_clean_up();
}

TEST_CASE("delete --force in the middle of create leaves nothing and create says so") {
  const CrashStage stage(Vmm::kFake);
  for (const int delay_ms : {0, 20, 50, 100}) {
    CommandResult created;
    std::thread creator([&] { created = stage.runtime()(stage.create_verb()); });
    REQUIRE(eventually([&] { return std::filesystem::exists(stage.runtime().root() / "c1"); },
                       std::chrono::seconds(10)));
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    const CommandResult deleted = stage.runtime()({"delete", "--force", "c1"});
    CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
    creator.join();
    CHECK((created.exit_code == 0 || !created.err.empty()));
    stage.check_clean_up();
  }
}

TEST_CASE("verbs of all kinds on one container at once leave nothing") {
  const CrashStage stage(Vmm::kFake);
  const std::vector<std::vector<std::string>> verbs = {
      {"state", "c1"},  {"exec", "c1", "/bin/true"}, {"pause", "c1"}, {"resume", "c1"},
      {"delete", "c1"}, {"kill", "c1", "KILL"},      {"list"},        {"delete", "--force", "c1"}};
  for (int round = 0; round < 3; ++round) {
    stage.bring_to("running");
    together([&](int number) {
      const CommandResult result = stage.runtime()(verbs[static_cast<std::size_t>(number)]);
      CHECK((result.exit_code == 0 || !result.err.empty()));
    });
    stage.check_clean_up();
  }
}

TEST_CASE("eight sandboxes live beside each other") {
  const CrashStage stage(Vmm::kFake);
  const Runtime& runtime = stage.runtime();
  runtime.make("own", default_spec({"/bin/sleep", "1000"}));
  std::vector<std::string> failures(kTogether);
  together([&](int number) {
    const std::string id = concat("s", std::to_string(number));
    for (int round = 0; round < 2; ++round)
      for (const std::vector<std::string>& verb :
           std::vector<std::vector<std::string>>{{"create", "--bundle", runtime.bundle("own"), id},
                                                 {"start", id},
                                                 {"exec", id, "/bin/true"},
                                                 {"delete", "--force", id}})
        if (const CommandResult result = runtime(verb); result.exit_code != 0)
          failures[static_cast<std::size_t>(number)] += verb[0] + ": " + result.err;
  });
  for (const std::string& failure : failures) CHECK(failure == "");
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a process that got a recorded pid is neither reported nor killed") {
  const CrashStage stage(Vmm::kFake);
  stage.bring_to("running");
  const auto directory = stage.runtime().root() / "c1";
  const Background bystander({"/bin/sleep", "1000"}, {}, stage.runtime().directory() / "sleep");
  nlohmann::json sandbox;
  std::ifstream(directory / "sandbox.json") >> sandbox;
  REQUIRE(::kill(sandbox.at("proxy").at("pid").get<pid_t>(), SIGKILL) == 0);
  REQUIRE(eventually([&] { return stage.runtime().state("c1").value("status", "") == "stopped"; },
                     std::chrono::seconds(10)));
  point_at(directory / "container.json", {"shim", "creator"}, bystander.pid());
  point_at(directory / "sandbox.json", {"proxy", "vmm"}, bystander.pid());
  CHECK(stage.runtime().state("c1").value("status", "") == "stopped");
  CHECK(stage.runtime()({"kill", "c1", "KILL"}).exit_code != 0);
  stage.check_clean_up();
  CHECK(::kill(bystander.pid(), 0) == 0);
}
