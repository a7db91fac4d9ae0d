// SPDX-License-Identifier: Apache-2.0
//
// The exit code of each verb at each point of a container's life, beside runc on the same bundle.
// docs/runc-differences.md must name each difference, and no other.
#include <doctest/doctest.h>

#include <fstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/difference_table.h"
#include "tests/integration/harness/runc.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
using nlohmann::json;

namespace {

struct Step {
  const char* point;  // of the container's life; with the verb the key in the page
  std::vector<std::string> words;
};

// "c1" sleeps.
const std::vector<Step>& life() {
  static const std::vector<Step> steps = {
      {"created", {"create", "c1"}},
      {"created", {"state", "c1"}},
      {"created", {"exec", "c1", "/bin/true"}},
      {"created", {"ps", "-f", "json", "c1"}},
      {"created", {"update", "--memory", "200000000", "c1"}},
      {"created", {"events", "--stats", "c1"}},
      {"created", {"resume", "c1"}},
      {"created", {"start", "c1"}},
      {"running", {"start", "c1"}},
      {"running", {"delete", "c1"}},
      {"running", {"resume", "c1"}},
      {"running", {"kill", "c1", "BOGUS"}},
      {"running", {"exec", "c1", "/bin/none"}},
      {"running", {"exec", "c1", "/etc"}},
      {"running", {"exec", "c1", "/bin/sh", "-c", "exit 9"}},
      {"running", {"exec", "c1", "/bin/sh", "-c", "kill -9 $$"}},
      {"running", {"exec", "--cwd", "/none", "c1", "/bin/true"}},
      {"running", {"exec", "--preserve-fds", "0", "c1", "/bin/true"}},
      {"running", {"update", "--memory", "x", "c1"}},
      {"running", {"ps", "c1"}},
      {"running", {"events", "--stats", "c1"}},
      {"running", {"pause", "c1"}},
      {"paused", {"pause", "c1"}},
      {"paused", {"exec", "c1", "/bin/true"}},
      {"paused", {"delete", "c1"}},
      {"paused", {"state", "c1"}},
      {"paused", {"resume", "c1"}},
      {"running", {"kill", "c1", "KILL"}},
      {"stopped", {"state", "c1"}},
      {"stopped", {"kill", "c1", "TERM"}},
      {"stopped", {"kill", "--all", "c1", "KILL"}},
      {"stopped", {"exec", "c1", "/bin/true"}},
      {"stopped", {"start", "c1"}},
      {"stopped", {"pause", "c1"}},
      {"stopped", {"resume", "c1"}},
      {"stopped", {"ps", "c1"}},
      {"stopped", {"ps", "-f", "json", "c1"}},
      {"stopped", {"update", "--memory", "200000000", "c1"}},
      {"stopped", {"events", "--stats", "c1"}},
      {"stopped", {"delete", "c1"}},
      {"deleted", {"delete", "c1"}}};
  return steps;
}

std::string key_of(const Step& step) {
  std::string key = std::string(step.point) + ":";
  for (const std::string& word : step.words) key += " " + word;
  return key;
}

void add_bundle(std::vector<std::string>& words, const std::string& bundle) {
  if (words[0] == "create" || words[0] == "run")
    words.insert(words.begin() + 1, {"--bundle", bundle});
}

// `ask` answers with the state's JSON.
template <class Ask>
void await_stopped(const Ask& ask) {
  CHECK(eventually([&] { return ask().find("\"status\": \"stopped\"") != std::string::npos; },
                   std::chrono::seconds(20)));
}

std::map<std::string, std::string> documented() {
  std::map<std::string, std::string> rows;
  for (const auto& row :
       table_below(KATA_SOURCE_DIR "/docs/runc-differences.md", "Exit codes in a container's life"))
    rows[row.at(0)] = row.at(1);
  return rows;
}

}  // namespace

TEST_CASE("each verb exits as that of runc at each point of a container's life") {
  const Runtime runtime;
  const Runc runc(runtime);
  json spec = default_spec({"/bin/sleep", "1000"});
  const auto ours = runtime.make("ours", spec);
  spec["linux"]["cgroupsPath"] = "/kata-oracle-life";
  const auto theirs = runtime.make("theirs", spec);
  std::map<std::string, std::string> found;
  for (const Step& step : life()) {
    auto our_words = step.words, their_words = step.words;
    add_bundle(our_words, ours);
    add_bundle(their_words, theirs);
    const CommandResult our_result = runtime(our_words);
    const int their_code = runc(their_words).exit_code;
    if (our_result.exit_code != their_code) {
      found[key_of(step)] =
          std::to_string(our_result.exit_code) + ", not " + std::to_string(their_code);
      MESSAGE(key_of(step) << ": " << our_result.err);
    }
    if (step.words[0] != "kill" || step.words.back() != "KILL") continue;
    await_stopped([&] { return runtime({"state", "c1"}).out; });
    await_stopped([&] { return runc({"state", "c1"}).out; });
  }
  runc({"delete", "--force", "c1"});
  CHECK(disagreement(found, documented()) == "");
  CHECK(runtime.leaked() == "");
}

TEST_CASE("run --keep leaves the stopped container until it is deleted") {
  const Runtime runtime;
  const auto bundle = runtime.make("c1", default_spec({"/bin/sh", "-c", "exit 3"}));
  CHECK(runtime({"run", "--keep", "--bundle", bundle, "c1"}).exit_code == 3);
  CHECK(runtime.state("c1").at("status") == "stopped");
  // What docs/troubleshooting.md promises without any debug setting.
  for (const char* log : {"proxy.log", "hv/console.log"})
    CHECK_MESSAGE(std::filesystem::exists(runtime.root() / "c1" / log), log);
  CHECK(runtime({"delete", "c1"}).exit_code == 0);
  CHECK(runtime({"list", "-q"}).out == "");
  CHECK(runtime.leaked() == "");
}
