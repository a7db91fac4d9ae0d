// SPDX-License-Identifier: Apache-2.0
//
// kill -9 at any point: of kata-runtime in each of its verbs, of kata-proxy and of kata-shim in the
// whole life of a container. KATA_TEST_CRASH_POINTS=all kills before every single side effect.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>

#include "tests/integration/harness/crash.h"

using namespace kata::test;
using Vmm = CrashStage::Vmm;

namespace {

constexpr auto kSoon = std::chrono::seconds(5);

struct VerbCase {
  std::vector<std::string> verb;  // empty: create
  const char* before;             // the container's status
};

const VerbCase kVerbs[] = {
    {{}, ""},
    {{"start", "c1"}, "created"},
    {{"exec", "c1", "/bin/true"}, "running"},
    {{"exec", "--detach", "c1", "sleep", "1000"}, "running"},
    {{"kill", "c1", "KILL"}, "running"},
    {{"pause", "c1"}, "running"},
    {{"resume", "c1"}, "paused"},
    {{"update", "--memory", "64m", "c1"}, "running"},
    {{"delete", "c1"}, "stopped"},
    {{"delete", "--force", "c1"}, "running"},
};

unsigned long effects_of(const CrashStage& stage, const VerbCase& item) {
  stage.bring_to(item.before);
  KillAt verb(stage.runtime(), "kata-runtime", 0,
              item.verb.empty() ? stage.create_verb() : item.verb);
  CHECK(verb.exit_code() == 0);
  const unsigned long total = verb.effects();
  stage.check_clean_up();
  return total;
}

void kill_runtime(Vmm vmm, const VerbCase& item, unsigned long points) {
  const CrashStage stage(vmm);
  const std::string name = item.verb.empty() ? "create" : item.verb[0];
  const unsigned long total = effects_of(stage, item);
  REQUIRE(total > 0);
  for (const unsigned long at : crash_points(total, points)) {
    INFO(name << " at effect " << at << " of " << total);
    stage.bring_to(item.before);
    KillAt verb(stage.runtime(), "kata-runtime", at,
                item.verb.empty() ? stage.create_verb() : item.verb);
    const int code = verb.exit_code();
    const bool ended_before = code == 0 && verb.effects() < at;  // a wait took fewer turns this time
    CHECK((code == 128 + SIGKILL || ended_before));
    stage.check_clean_up();
  }
  MESSAGE(name << ": " << total << " side effects");
}

// What is left of the container's life after `create`; any verb may fail, but none may hang or say
// nothing.
void live_on(const Runtime& runtime) {
  for (const std::vector<std::string>& verb :
       std::vector<std::vector<std::string>>{{"start", "c1"},
                                             {"exec", "c1", "/bin/true"},
                                             {"pause", "c1"},
                                             {"resume", "c1"},
                                             {"update", "--memory", "64m", "c1"},
                                             {"state", "c1"},
                                             {"kill", "c1", "KILL"},
                                             {"delete", "--force", "c1"}}) {
    const auto began = std::chrono::steady_clock::now();
    const CommandResult result = runtime(verb);
    INFO(verb[0]);
    CHECK(std::chrono::steady_clock::now() - began < kSoon);
    CHECK((result.exit_code == 0 || result.err.size() > 20));
    if (verb[0] == "delete") CHECK_MESSAGE(result.exit_code == 0, result.err);
  }
}

unsigned long live_with_death(const CrashStage& stage, const std::string& program,
                              unsigned long at) {
  KillAt create(stage.runtime(), program, at, stage.create_verb());
  const int code = create.exit_code();
  CHECK((code == 0 || (at != 0 && code == 1)));
  live_on(stage.runtime());
  const unsigned long effects = create.effects();
  stage.check_clean_up();
  return effects;
}

void kill_in_life(Vmm vmm, const std::string& program, unsigned long points) {
  const CrashStage stage(vmm);
  const unsigned long total = live_with_death(stage, program, 0);
  REQUIRE(total > 0);
  for (const unsigned long at : crash_points(total, points)) {
    INFO(program << " at effect " << at << " of " << total);
    live_with_death(stage, program, at);
  }
  MESSAGE(program << ": " << total << " side effects");
}

}  // namespace

TEST_CASE("kill -9 of kata-runtime in any verb") {
  for (const VerbCase& item : kVerbs) kill_runtime(Vmm::kFake, item, 5);
}

TEST_CASE("kill -9 of kata-proxy in the life of a container") {
  kill_in_life(Vmm::kFake, "kata-proxy", 14);
}

TEST_CASE("kill -9 of kata-shim in the life of a container") {
  kill_in_life(Vmm::kFake, "kata-shim", 5);
}

TEST_CASE("kill -9 with a real VM") {
  kill_runtime(Vmm::kQemu, kVerbs[0], 2);
  kill_runtime(Vmm::kQemu, kVerbs[9], 1);
  kill_in_life(Vmm::kQemu, "kata-proxy", 2);
}
