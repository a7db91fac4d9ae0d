// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/crash.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"

namespace kata::test {

using std::chrono::seconds;

namespace {

std::vector<std::string> traced(const Runtime& runtime, const std::string& program,
                                unsigned long at, const std::string& report,
                                const std::vector<std::string>& verb) {
  std::vector<std::string> argv = {KATA_KILL_AT, program, std::to_string(at), report};
  const auto command = runtime.command(verb);
  argv.insert(argv.end(), command.begin(), command.end());
  return argv;
}

std::filesystem::path new_report(const Runtime& runtime) {
  const auto report = runtime.directory() / "report";
  std::filesystem::remove(report);
  return report;
}

}  // namespace

KillAt::KillAt(const Runtime& runtime, const std::string& program, unsigned long at,
               const std::vector<std::string>& verb)
    : report_(new_report(runtime)),
      tracer_(traced(runtime, program, at, report_, verb), runtime.options(),
              runtime.directory() / "output") {}

int KillAt::exit_code() { return static_cast<int>(word_after("exit", seconds(60))); }

unsigned long KillAt::effects() {
  const long count = word_after("effects", seconds(10));
  static_cast<void>(tracer_.wait(seconds(10)));
  return count < 0 ? 0 : static_cast<unsigned long>(count);
}

long KillAt::word_after(const std::string& name, seconds patience) const {
  long found = -1;
  eventually(
      [&] {
        std::ifstream report(report_);
        for (std::string word; report >> word;)
          if (word == name && report >> found) return true;
        return false;
      },
      patience);
  return found;
}

std::vector<unsigned long> crash_points(unsigned long total, unsigned long wanted) {
  if (const char* const chosen = ::getenv("KATA_TEST_CRASH_POINTS"); chosen != nullptr)
    wanted = chosen == std::string("all") ? total : std::strtoul(chosen, nullptr, 10);
  wanted = std::min(std::max(wanted, 1UL), total);
  std::set<unsigned long> points;
  for (unsigned long at = 0; at < wanted; ++at)
    points.insert(wanted == 1 ? (total + 1) / 2 : 1 + at * (total - 1) / (wanted - 1));
  return {points.begin(), points.end()};
}

CrashStage::CrashStage(Vmm vmm) {
  runtime_.use_network("tap");
  runtime_.configure(vmm == Vmm::kFake ? "path = \"" KATA_FAKE_VM "\"\n" : "");
  pod_.run(
      "ip link set lo up && ip link add eth0 type veth peer name outside && "
      "ip link set eth0 up && ip link set outside up && ip addr add 10.88.0.2/24 dev eth0");
  links_before_ = links_of_pod();
  nlohmann::json spec = default_spec({"/bin/sleep", "1000"});
  for (auto& space : spec["linux"]["namespaces"])
    if (space["type"] == "network") space["path"] = pod_.path();
  runtime_.make("bundle", spec);
}

std::string CrashStage::links_of_pod() const {
  return pod_.run(
      "ip -o link show | cut -d: -f 1,2; tc qdisc show | sort; tc filter show dev eth0 ingress");
}

std::vector<std::string> CrashStage::create_verb() const {
  return {"create", "--bundle", runtime_.bundle("bundle"), "c1"};
}

void CrashStage::bring_to(const std::string& status) const {
  const std::map<std::string, std::vector<std::vector<std::string>>> ways = {
      {"", {}},
      {"created", {create_verb()}},
      {"running", {create_verb(), {"start", "c1"}}},
      {"paused", {create_verb(), {"start", "c1"}, {"pause", "c1"}}},
      {"stopped", {create_verb(), {"start", "c1"}, {"kill", "c1", "KILL"}}}};
  for (const auto& verb : ways.at(status)) {
    const CommandResult result = runtime_(verb);
    REQUIRE_MESSAGE(result.exit_code == 0, verb[0] << ": " << result.err);
  }
  if (!status.empty())
    REQUIRE(eventually([&] { return runtime_.state("c1").value("status", "") == status; },
                       seconds(10)));
}

// Shims whose sandbox has just died need a moment to notice.
void CrashStage::check_state() const {
  const CommandResult result = runtime_({"state", "c1"});
  if (result.exit_code != 0) {
    CHECK_MESSAGE(
        (result.err.find("container 'c1' does not exist") != std::string::npos ||
         result.err.find("'kata-runtime delete --force c1' removes it") != std::string::npos),
        result.err);
    return;
  }
  const auto state = nlohmann::json::parse(result.out);
  const std::string status = state.at("status");
  const pid_t pid = state.at("pid");
  if (status == "stopped") {
    CHECK(pid == 0);
    return;
  }
  CHECK_MESSAGE((status == "created" || status == "running" || status == "paused"), status);
  CHECK(pid > 1);
  const bool lives = ::kill(pid, 0) == 0;
  CHECK_MESSAGE((lives || runtime_.state("c1").value("status", "") == "stopped"), status);
}

void CrashStage::check_clean_up() const {
  check_state();
  for (const char* attempt : {"first", "second"}) {
    const auto began = std::chrono::steady_clock::now();
    const CommandResult deleted = runtime_({"delete", "--force", "c1"});
    CHECK_MESSAGE(deleted.exit_code == 0, attempt << ": " << deleted.err);
    CHECK(std::chrono::steady_clock::now() - began < seconds(5));
  }
  CHECK(runtime_({"state", "c1"}).exit_code != 0);
  CHECK(runtime_.leaked() == "");
  CHECK(links_of_pod() == links_before_);
}

}  // namespace kata::test
