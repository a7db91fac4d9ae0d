// SPDX-License-Identifier: Apache-2.0
//
// A9 and A10: how fast a container's output comes through ReadStdout, and what an agent holds in
// memory while nobody takes it. Against `ctr task exec` and a bare pipe.
//
//   agent_stdout [ROUNDS [MEBIBYTES]]     5 and 512; exit 1 when a limit is missed
#include <unistd.h>

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

constexpr std::size_t kReadsInFlight = 64;
constexpr int kStalledMebibytes = 1024;

std::vector<std::string> writer(int mebibytes) {
  return {"/bin/dd", "if=/dev/zero", "bs=64k", "count=" + std::to_string(mebibytes * 16)};
}

// MiB/s of an exec's whole output, one ReadStdout at a time, as kata-shim and Kata's hosts do.
double stdout_rate(AgentClient& agent, const std::string& exec_id, int mebibytes) {
  std::string frame = read_frame("sleeper", exec_id);
  std::size_t bytes = 0;
  const double all = timed([&] {
    agent.exec("sleeper", exec_id, writer(mebibytes));
    for (std::size_t got = 1; got != 0; bytes += got) {
      agent.wire().send(frame);
      got = read_data(agent.wire().receive()).size();
    }
  });
  if (bytes != static_cast<std::size_t>(mebibytes) << 20U) fail("output was lost");
  if (agent.wait("sleeper", exec_id) != 0) fail("dd fails in the container");
  return mebibytes / all * 1e6;
}

struct Rates {
  std::vector<double> ours{}, ctr{}, pipe{}, peer{};
};

void start_sleeper(AgentClient& agent) {
  agent.create_sandbox();
  agent.run_container("sleeper", {"/bin/sleep", "100000"});
}

Rates measure_rates(const World& world, int rounds, int mebibytes) {
  const Agent ours(our_agent(), world, "ours");
  AgentClient client(ours.connect(), world);
  start_sleeper(client);
  const auto peer_path = peer_agent();
  std::unique_ptr<Agent> peer;
  std::unique_ptr<AgentClient> peer_client;
  if (peer_path) {
    peer = std::make_unique<Agent>(*peer_path, world, "peer");
    peer_client = std::make_unique<AgentClient>(peer->connect(), world);
    start_sleeper(*peer_client);
  }
  const auto containerd = Containerd::start(world);
  Rates rates;
  for (int round = 0; round < rounds; ++round) {
    const std::string exec_id = "r" + std::to_string(round);
    rates.ours.push_back(stdout_rate(client, exec_id, mebibytes));
    rates.pipe.push_back(pipe_rate(static_cast<std::size_t>(mebibytes)));
    if (peer) rates.peer.push_back(stdout_rate(*peer_client, exec_id, mebibytes));
    if (containerd)
      rates.ctr.push_back(mebibytes / timed([&] { containerd->exec(writer(mebibytes)); }) * 1e6);
  }
  return rates;
}

// KiB by which the agent grows while a writer of 1 GiB meets a reader that stops. `in_flight` reads
// are sent, and their replies left in the socket; 0: nobody reads at all.
double growth_when_stalled(const std::filesystem::path& program, const World& world,
                           std::size_t in_flight) {
  constexpr useconds_t kSettle = 1'000'000;
  const Agent agent(program, world, "stalled");
  AgentClient client(agent.connect(), world);
  start_sleeper(client);
  (void)stdout_rate(client, "warm", 16);
  client.exec("sleeper", "big", writer(kStalledMebibytes));
  std::string frame = read_frame("sleeper", "big");
  client.wire().send(frame);
  (void)read_data(client.wire().receive());
  const double before = memory_of(agent.pid()).resident;
  client.wire().send_many(frame, in_flight);
  ::usleep(kSettle);
  const double grown = memory_of(agent.pid()).resident - before;
  AgentClient other(agent.connect(), world);
  other.kill("sleeper", "big");
  return grown;
}

std::optional<double> ratio(const std::vector<double>& one, const std::vector<double>& other) {
  if (other.empty()) return std::nullopt;
  return median(one) / median(other);
}

std::string rate_of(const std::vector<double>& rates) {
  return rates.empty() ? "" : std::to_string(median(rates)) + " MiB/s";
}

void add_rate_rows(Verdicts& table, const Rates& rates, int mebibytes) {
  table.add({"A9", std::to_string(mebibytes) + " MiB of stdout through ReadStdout", "MiB/s",
             median(rates.ours), at_least(600, 600), ""});
  table.add({"A9", "  / ctr task exec, containerd-shim-runc-v2", "x", ratio(rates.ours, rates.ctr),
             at_least(3, 3), rate_of(rates.ctr)});
  table.add({"A9", "  / a pipe, 64 KiB a write", "x", ratio(rates.ours, rates.pipe),
             goal_at_least(0.35), rate_of(rates.pipe)});
  if (!rates.peer.empty())
    table.add({"A9", "  / PEER_AGENT", "x", ratio(rates.ours, rates.peer), std::nullopt,
               rate_of(rates.peer)});
}

void add_memory_rows(Verdicts& table, const World& world) {
  const Limit limit = at_most(1024, 256);
  table.add({"A10", "growth when nobody reads a writer of 1 GiB", "KiB",
             growth_when_stalled(our_agent(), world, 0), limit, ""});
  table.add({"A10", "growth when 64 reads are sent and no reply taken", "KiB",
             growth_when_stalled(our_agent(), world, kReadsInFlight), limit, ""});
  if (const auto path = peer_agent())
    table.add({"A10", "  of PEER_AGENT", "KiB", growth_when_stalled(*path, world, kReadsInFlight),
               std::nullopt, ""});
}

int measure(const World& world, int rounds, int mebibytes) {
  Verdicts table("agent_stdout");
  add_rate_rows(table, measure_rates(world, rounds, mebibytes), mebibytes);
  add_memory_rows(table, world);
  return table.print();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const int mebibytes = argc > 2 ? std::atoi(argv[2]) : 512;
  return in_throw_away_world([&](const World& world) { return measure(world, rounds, mebibytes); });
}
