// SPDX-License-Identifier: Apache-2.0
//
// A7, A8 and A11: a process started in a running container, many in a row, and the memory that an
// idle container and an idle exec cost the agent. Against `crun exec`, `ctr task exec` and, when
// PEER_AGENT names one, another kata-agent; in one run, interleaved.
//
//   agent_exec [SAMPLES [EXECS [CONTAINERS]]]     200, 1000 and 50; exit 1 when a limit is missed
#include <cstdlib>
#include <memory>

#include "bench/agent/containers.h"
#include "bench/agent/floors.h"
#include "bench/agent/peers.h"
#include "bench/agent/samples.h"
#include "bench/agent/subject.h"
#include "bench/agent/verdicts.h"

namespace {

using namespace kata;
using namespace kata::bench;

const std::vector<std::string> kTrue{"/bin/true"};
const std::vector<std::string> kSleep{"/bin/sleep", "100000"};

struct Counts {
  int samples = 200, execs = 1000, containers = 50;
};

void exec_and_wait(AgentClient& agent, int number) {
  const std::string exec_id = "e" + std::to_string(number);
  agent.exec("sleeper", exec_id, kTrue);
  if (agent.wait("sleeper", exec_id) != 0) fail("/bin/true fails in the container");
}

// An agent with a container that sleeps, and its client.
class Running {
 public:
  Running(const std::filesystem::path& program, const World& world, const std::string& name)
      : agent_(program, world, name), client_(agent_.connect(), world) {
    client_.create_sandbox();
    client_.run_container("sleeper", kSleep);
  }
  AgentClient& client() { return client_; }
  pid_t pid() const { return agent_.pid(); }
  void exec_once() { exec_and_wait(client_, ++execs_); }

 private:
  Agent agent_;
  AgentClient client_;
  int execs_ = 0;
};

struct ExecTimes {
  Samples ours{}, crun{}, ctr{}, peer{}, floor{};
};

ExecTimes measure_execs(const World& world, int samples) {
  Running ours(our_agent(), world, "ours");
  std::unique_ptr<Running> peer;
  if (const auto path = peer_agent()) peer = std::make_unique<Running>(*path, world, "peer");
  const auto crun = Crun::start(world);
  const auto containerd = Containerd::start(world);
  ExecTimes times;
  for (int i = 0; i < samples; ++i) {
    times.ours.add(timed([&] { ours.exec_once(); }));
    times.floor.add(timed([] { run_and_wait({"/bin/true"}); }));
    if (crun) times.crun.add(timed([&] { crun->exec(kTrue); }));
    if (containerd) times.ctr.add(timed([&] { containerd->exec(kTrue); }));
    if (peer) times.peer.add(timed([&] { peer->exec_once(); }));
  }
  return times;
}

std::optional<double> ratio(const Samples& one, const Samples& other) {
  if (other.count() == 0) return std::nullopt;
  return one.median() / other.median();
}

std::string summary(const Samples& samples) {
  return samples.count() == 0 ? "" : samples.summary();
}

void add_exec_rows(Verdicts& table, const ExecTimes& times) {
  table.add({"A7", "ExecProcess to WaitProcess of /bin/true, p50", "ms", times.ours.median() / 1000,
             std::nullopt, times.ours.summary()});
  table.add({"A7", "  / crun exec", "x", ratio(times.ours, times.crun), at_most(0.5, 0.5),
             summary(times.crun)});
  table.add({"A7", "  / ctr task exec, containerd-shim-runc-v2", "x", ratio(times.ours, times.ctr),
             at_most(0.15, 0.15), summary(times.ctr)});
  table.add({"A7", "  / vfork+exec+wait of /bin/true", "x", ratio(times.ours, times.floor),
             goal_at_most(4), times.floor.summary()});
  if (times.peer.count() > 0)
    table.add({"A7", "  / PEER_AGENT", "x", ratio(times.ours, times.peer), std::nullopt,
               summary(times.peer)});
}

double sustained_rate(const std::filesystem::path& program, const World& world, int execs) {
  Running running(program, world, "sustained");
  const double all = timed([&] {
    for (int i = 0; i < execs; ++i) running.exec_once();
  });
  return execs / all * 1e6;
}

void add_rate_rows(Verdicts& table, const World& world, int execs) {
  table.add({"A8", std::to_string(execs) + " execs in a row", "/s",
             sustained_rate(our_agent(), world, execs), at_least(150, 300), ""});
  if (const auto path = peer_agent())
    table.add(
        {"A8", "  of PEER_AGENT", "/s", sustained_rate(*path, world, execs), std::nullopt, ""});
}

// KiB of the agent's own memory for each of `count` more things, the first few left out: they fill
// what the allocator has at hand.
template <class Add>
double memory_per(const Running& running, int count, const Add& add) {
  constexpr int kFirst = 10;
  for (int i = 0; i < kFirst; ++i) add(i);
  const double before = memory_of(running.pid()).private_dirty;
  for (int i = kFirst; i < kFirst + count; ++i) add(i);
  return (memory_of(running.pid()).private_dirty - before) / count;
}

void add_memory_rows(Verdicts& table, const std::filesystem::path& program, const World& world,
                     int count, bool judged) {
  const std::string whose = judged ? "" : " of PEER_AGENT";
  const auto limit = [&](Limit of_ours) { return judged ? std::optional(of_ours) : std::nullopt; };
  Running running(program, world, "memory");
  AgentClient& client = running.client();
  const double container = memory_per(
      running, count, [&](int i) { client.run_container("c" + std::to_string(i), kSleep); });
  table.add(
      {"A11", "memory of an idle container" + whose, "KiB", container, limit(at_most(48, 24)), ""});
  const double exec = memory_per(
      running, count, [&](int i) { client.exec("sleeper", "x" + std::to_string(i), kSleep); });
  table.add({"A11", "memory of an idle exec" + whose, "KiB", exec, limit(at_most(24, 12)), ""});
}

int measure(const World& world, const Counts& counts) {
  Verdicts table("agent_exec");
  add_exec_rows(table, measure_execs(world, counts.samples));
  add_rate_rows(table, world, counts.execs);
  add_memory_rows(table, our_agent(), world, counts.containers, true);
  if (const auto path = peer_agent())
    add_memory_rows(table, *path, world, counts.containers, false);
  return table.print();
}

}  // namespace

int main(int argc, char** argv) {
  Counts counts;
  if (argc > 1) counts.samples = std::atoi(argv[1]);
  if (argc > 2) counts.execs = std::atoi(argv[2]);
  if (argc > 3) counts.containers = std::atoi(argv[3]);
  return in_throw_away_world([&](const World& world) { return measure(world, counts); });
}
