// SPDX-License-Identifier: Apache-2.0
//
// A1 and A2: the agent's memory once it has answered its first request and is idle, and its size on
// disk; beside those of the agent that PEER_AGENT names, if any.
//
//   agent_footprint     exit 1 when a limit is missed
#include <filesystem>

#include "bench/agent/subject.h"
#include "bench/agent/verdicts.h"
#include "health.pb.h"

namespace {

using namespace kata;
using namespace kata::bench;

struct Footprint {
  Memory memory{};
  double binary_kib = 0;
};

Footprint footprint_of(const std::filesystem::path& program, const World& world) {
  const Agent agent(program, world, "agent");
  Wire wire = agent.connect();
  wire.call<grpc::HealthCheckResponse>("grpc.Health", "Check", grpc::CheckRequest{});
  return {memory_of(agent.pid()), static_cast<double>(std::filesystem::file_size(program)) / 1024};
}

void add_rows(Verdicts& table, const Footprint& seen, bool judged) {
  const std::string whose = judged ? "" : " of PEER_AGENT";
  const auto limit = [&](Limit of_ours) { return judged ? std::optional(of_ours) : std::nullopt; };
  table.add({"A1", "resident memory, idle" + whose, "KiB", seen.memory.resident,
             limit(at_most(2048, 1126)), ""});
  table.add({"A1", "anonymous memory, idle" + whose, "KiB", seen.memory.anonymous,
             limit(at_most(512, 512)), ""});
  table.add(
      {"A2", "stripped binary" + whose, "KiB", seen.binary_kib, limit(at_most(3072, 1536)), ""});
}

int measure(const World& world) {
  Verdicts table("agent_footprint");
  add_rows(table, footprint_of(our_agent(), world), true);
  if (const auto path = peer_agent()) add_rows(table, footprint_of(*path, world), false);
  return table.print();
}

}  // namespace

int main() { return in_throw_away_world(measure); }
