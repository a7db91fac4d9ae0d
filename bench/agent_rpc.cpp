// SPDX-License-Identifier: Apache-2.0
//
// A3 to A6: how soon an agent answers, how many calls it answers in turn and at once, and whether
// waiting calls slow others down. Against a raw AF_UNIX echo, Debian's Go ttRPC and, when
// PEER_AGENT names one, another kata-agent; all in one run, interleaved.
//
//   agent_rpc [ROUNDS]     20 by default; exit 1 when a limit is missed
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "bench/agent/containers.h"
#include "bench/agent/floors.h"
#include "bench/agent/samples.h"
#include "bench/agent/subject.h"
#include "bench/agent/verdicts.h"
#include "health.pb.h"

namespace {

using namespace kata;
using namespace kata::bench;

constexpr int kCallsPerRound = 10'000;
constexpr std::size_t kConcurrent = 64;
constexpr int kPendingWaits = 500;
constexpr int kStartsPerRound = 10;

std::string check_frame() { return frame_of("grpc.Health", "Check", ""); }

void check(Wire& wire, std::string& frame) {
  const std::uint32_t stream_id = wire.send(frame);
  if (wire.receive().stream_id != stream_id) fail("a reply to another call");
}

// What one round of serial calls says.
struct Serial {
  double rate = 0;  // a second
  double p50 = 0, p99 = 0;
};

template <class Call>
Serial measure_serial(const Call& call) {
  for (int i = 0; i < 200; ++i) call();
  Samples samples;
  const double all = timed([&] {
    for (int i = 0; i < kCallsPerRound; ++i) samples.add(timed(call));
  });
  return {kCallsPerRound / all * 1e6, samples.median(), samples.quantile(0.99)};
}

Serial serial_checks(Wire& wire) {
  std::string frame = check_frame();
  return measure_serial([&] { check(wire, frame); });
}

double concurrent_rate(Wire& wire) {
  std::string frame = check_frame();
  const double all = timed([&] {
    wire.send_many(frame, kConcurrent);
    int sent = kConcurrent;
    for (int received = 0; received < kCallsPerRound;) {
      std::size_t batch = 0;
      do {
        (void)wire.receive();
        ++batch;
      } while (wire.has_reply());
      received += static_cast<int>(batch);
      const int more = std::min(static_cast<int>(batch), kCallsPerRound - sent);
      if (more > 0) wire.send_many(frame, static_cast<std::size_t>(more));
      sent += std::max(more, 0);
    }
  });
  return kCallsPerRound / all * 1e6;
}

// One server's numbers, a value a round.
struct Rates {
  std::vector<double> serial{}, concurrent{}, p50{}, p99{};

  void add(const Serial& round) {
    serial.push_back(round.rate);
    p50.push_back(round.p50);
    p99.push_back(round.p99);
  }
  void measure(const Subject& subject) {
    Wire wire = subject.connect();
    add(serial_checks(wire));
    concurrent.push_back(concurrent_rate(wire));
  }
};

// Round by round, so that what slows a round slows both.
double ratio(const std::vector<double>& one, const std::vector<double>& other) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < one.size(); ++i) ratios.push_back(one[i] / other[i]);
  return median(ratios);
}

std::optional<double> ratio_if(const std::vector<double>& one, const std::vector<double>& other) {
  if (other.empty()) return std::nullopt;
  return ratio(one, other);
}

// p99 of a Check behind pending WaitProcess calls of the same connection, over that without.
double delay_by_waits(const Subject& subject) {
  Wire wire = subject.connect();
  const Serial before = serial_checks(wire);
  grpc::WaitProcessRequest request;
  request.set_container_id("sleeper");
  std::string frame = frame_of(kAgentService, "WaitProcess", request.SerializeAsString());
  wire.send_many(frame, kPendingWaits);
  return serial_checks(wire).p99 / before.p99;
}

void start_and_check(const std::filesystem::path& program, const World& world, Samples& samples) {
  std::unique_ptr<Agent> agent;
  samples.add(timed([&] {
    agent = std::make_unique<Agent>(program, world, "first");
    Wire wire = agent->connect();
    wire.call<grpc::HealthCheckResponse>("grpc.Health", "Check", grpc::CheckRequest{});
  }));
}

// The peers that are there.
struct Field {
  explicit Field(const World& world) : ours(our_agent(), world, "ours") {
    if (const auto path = peer_agent()) peer = std::make_unique<Agent>(*path, world, "peer");
    const auto socket = world.directory / "go";
    if (const auto path = go_echo())
      go = std::make_unique<Subject>(std::vector<std::string>{*path, socket}, socket);
    AgentClient client(ours.connect(), world);
    client.create_sandbox();
    client.run_container("sleeper", {"/bin/sleep", "100000"});
  }
  Agent ours;
  std::unique_ptr<Agent> peer{};
  std::unique_ptr<Subject> go{};
};

struct Measured {
  Rates raw{}, ours{}, go{}, peer{};
  std::vector<double> delays{};
  Samples starts{}, peer_starts{}, spawns{};
};

void measure_round(const Field& field, const RawEcho& raw, const World& world, Measured& into) {
  into.raw.add(measure_serial([&] { raw.round_trip(); }));
  into.ours.measure(field.ours);
  if (field.go) into.go.measure(*field.go);
  if (field.peer) into.peer.measure(*field.peer);
  into.delays.push_back(delay_by_waits(field.ours));
  for (int i = 0; i < kStartsPerRound; ++i) {
    into.spawns.add(timed([] { run_and_wait({"/bin/true"}); }));
    start_and_check(our_agent(), world, into.starts);
    if (const auto path = peer_agent()) start_and_check(*path, world, into.peer_starts);
  }
}

void add_start_rows(Verdicts& table, const Measured& seen) {
  table.add({"A3", "exec to first Check answered, p50", "ms", seen.starts.median() / 1000,
             at_most(5, 5), seen.starts.summary()});
  table.add({"A3", "  / vfork+exec+wait of /bin/true, p50", "x",
             seen.starts.median() / seen.spawns.median(), at_most(8, 3), seen.spawns.summary()});
  if (seen.peer_starts.count() > 0)
    table.add({"A3", "  / PEER_AGENT", "x", seen.starts.median() / seen.peer_starts.median(),
               std::nullopt, seen.peer_starts.summary()});
}

void add_serial_rows(Verdicts& table, const Measured& seen) {
  table.add({"A4", "Check a second, one connection, one at a time", "/s", median(seen.ours.serial),
             std::nullopt, ""});
  table.add({"A4", "  / raw AF_UNIX echo", "x", ratio(seen.ours.serial, seen.raw.serial),
             at_least(0.45, 0.65), "raw: " + std::to_string(median(seen.raw.serial)) + "/s"});
  const auto floor_to_go = ratio_if(seen.raw.serial, seen.go.serial);
  table.add({"A4", "  / Go ttRPC echo", "x", ratio_if(seen.ours.serial, seen.go.serial),
             at_least(2, 2),
             floor_to_go ? "the raw echo itself: " + std::to_string(*floor_to_go) + " x" : ""});
  table.add({"A4", "64 calls at once / Go ttRPC echo", "x",
             ratio_if(seen.ours.concurrent, seen.go.concurrent), std::nullopt, ""});
  table.add({"A4", "  / Rust ttRPC 0.5 echo", "x", std::nullopt, at_least(1, 1), ""});
  table.add({"A5", "Check latency p50 / raw", "x", ratio(seen.ours.p50, seen.raw.p50),
             at_most(2.2, 1.6),
             "us: ours " + std::to_string(median(seen.ours.p50)) + ", raw " +
                 std::to_string(median(seen.raw.p50))});
  table.add({"A5", "Check latency p99 / raw", "x", ratio(seen.ours.p99, seen.raw.p99),
             at_most(3, 2),
             "us: ours " + std::to_string(median(seen.ours.p99)) + ", raw " +
                 std::to_string(median(seen.raw.p99))});
}

void add_concurrent_rows(Verdicts& table, const Measured& seen) {
  table.add({"A6", "64 calls at once / one at a time", "x",
             ratio(seen.ours.concurrent, seen.ours.serial), at_least(1.5, 2.5),
             std::to_string(median(seen.ours.concurrent)) + "/s"});
  table.add({"A6", "p99 of Check with 500 pending WaitProcess / without", "x", median(seen.delays),
             at_most(1.3, 1.3), ""});
  if (seen.peer.serial.empty()) return;
  table.add(
      {"A4", "  / PEER_AGENT", "x", ratio(seen.ours.serial, seen.peer.serial), std::nullopt, ""});
  table.add({"A6", "64 calls at once / PEER_AGENT", "x",
             ratio(seen.ours.concurrent, seen.peer.concurrent), std::nullopt, ""});
}

int measure(const World& world, int rounds) {
  Measured seen;
  {
    const Field field(world);
    const RawEcho raw;
    for (int round = 0; round < rounds; ++round) measure_round(field, raw, world, seen);
  }
  Verdicts table("agent_rpc");
  add_start_rows(table, seen);
  add_serial_rows(table, seen);
  add_concurrent_rows(table, seen);
  return table.print();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
  return in_throw_away_world([&](const World& world) { return measure(world, rounds); });
}
