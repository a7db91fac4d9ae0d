// SPDX-License-Identifier: Apache-2.0
//
// S4, S7, N1 to N4 and N7: how fast containerd-shim-kata-v2 comes up, what a container and an exec
// cost when there are many, and what is left of them. Pods without VMs (hypervisor "mock").
//
//   shim-tasks [CONTAINERS [EXECS [ROUNDS]]]   500, 10000 and 20; exit 1 when a limit is missed
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "bench/agent/containers.h"
#include "bench/agent/peers.h"
#include "bench/agent/samples.h"
#include "bench/agent/verdicts.h"
#include "bench/shim/mock_pod.h"
#include "kata/concat.h"

namespace {

namespace fs = std::filesystem;
using namespace kata;
using namespace kata::bench;

constexpr const char* kPeerShim = "/usr/bin/containerd-shim-runc-v2";
constexpr int kStates = 200;  // calls of State in a round
constexpr double kBytes = 1024;

struct Counts {
  int containers = 500, execs = 10'000, rounds = 20;
};

struct Pair {
  Samples ours{}, theirs{};
};

double descriptors(pid_t pid) {
  return static_cast<double>(
      std::distance(fs::directory_iterator(concat("/proc/", pid, "/fd")), {}));
}

// From `start` until the socket has answered.
double start_shim(const World& world, const fs::path& program, const std::string& id) {
  const fs::path bundle = world.directory / id;
  fs::create_directories(bundle / "rootfs");
  std::ofstream(bundle / "config.json") << config_json(world, id, {"/bin/true"});
  std::optional<ShimProcess> shim;
  const double time = timed([&] {
    shim.emplace(program, bundle, id);
    shim->connect().connect();
  });
  shim->connect().shut_down();
  return time;
}

Pair measure_starts(const World& world, int rounds) {
  Pair times;
  for (int i = -1; i < rounds; ++i) {  // the first pair warms the caches
    const double ours = start_shim(world, our_shim(), concat("ours", i + 1));
    const double theirs = start_shim(world, kPeerShim, concat("theirs", i + 1));
    if (i < 0) continue;
    times.ours.add(ours);
    times.theirs.add(theirs);
  }
  return times;
}

Pair measure_runs(const World& world, Containerd& containerd, int rounds) {
  const std::vector<std::string> ours{"--runtime", "io.containerd.kata.v2", "--runtime-config-path",
                                      mock_configuration(world)};
  Pair times;
  for (int i = -1; i < rounds; ++i) {
    const double our = timed([&] { containerd.run_true(ours); });
    const double their = timed([&] { containerd.run_true({}); });
    if (i < 0) continue;
    times.ours.add(our);
    times.theirs.add(their);
  }
  return times;
}

void add_state_times(MockPod& pod, Samples& times) {
  std::string frame = TaskClient::frame("State", pod.id());
  Wire& wire = pod.tasks().wire();
  for (int i = 0; i < kStates; ++i)
    times.add(timed([&] {
      wire.send(frame);
      static_cast<void>(wire.receive());
    }));
}

struct Scale {  // `ours` of a pod with many containers, `theirs` of one that has its own only
  Pair create, state, exec;
};

Scale measure_scale(MockPod& full, MockPod& small, int rounds) {
  Scale seen;
  for (int i = 0; i < rounds; ++i)
    for (const bool many : {true, false}) {
      MockPod& pod = many ? full : small;
      const auto of = [many](Pair& pair) -> Samples& { return many ? pair.ours : pair.theirs; };
      of(seen.create).add(timed([&] { pod.add(); }));
      pod.remove_last();
      of(seen.exec).add(timed([&] { pod.run_exec(); }));
      add_state_times(pod, of(seen.state));
    }
  return seen;
}

// Of a pod: what all its further containers cost, and what is left when they are gone.
struct Cost {
  double memory = 0, shim_descriptors = 0, agent_descriptors = 0;
  double shim_left = 0, agent_left = 0;
};

class Filling {
 public:
  Filling(MockPod& pod, int containers) : pod_(pod), containers_(containers) {
    pod_.settle();
    memory_ = memory_of(pod_.shim()).private_dirty;
    shim_ = descriptors(pod_.shim());
    agent_ = descriptors(pod_.agent());
    for (int i = 0; i < containers_; ++i) pod_.add();
    pod_.settle();
    cost_.memory = (memory_of(pod_.shim()).private_dirty - memory_) / containers_;
    cost_.shim_descriptors = (descriptors(pod_.shim()) - shim_) / containers_;
    cost_.agent_descriptors = (descriptors(pod_.agent()) - agent_) / containers_;
  }
  Cost empty() {
    for (int i = 0; i < containers_; ++i) pod_.remove_last();
    pod_.settle();
    cost_.shim_left = descriptors(pod_.shim()) - shim_;
    cost_.agent_left = descriptors(pod_.agent()) - agent_;
    return cost_;
  }

 private:
  MockPod& pod_;
  int containers_;
  double memory_ = 0, shim_ = 0, agent_ = 0;
  Cost cost_{};
};

// Bytes of the shim's memory an exec, after a tenth of them.
double measure_soak(MockPod& pod, int execs) {
  const int warm_up = execs / 10;
  for (int i = 0; i < warm_up; ++i) pod.run_exec();
  const double before = memory_of(pod.shim()).resident;
  for (int i = warm_up; i < execs; ++i) pod.run_exec();
  return kBytes * (memory_of(pod.shim()).resident - before) / (execs - warm_up);
}

struct Seen {
  std::optional<Pair> starts{}, runs{};
  Scale scale{};
  Cost cost{};
  double soak = 0;
};

void add_peer_row(Verdicts& table, const char* id, const std::string& what,
                  const std::optional<Pair>& times, Limit limit) {
  Row row{.id = id, .what = what + " / containerd-shim-runc-v2", .unit = "x", .limit = limit};
  if (times) {
    row.value = times->ours.median() / times->theirs.median();
    row.detail = concat(times->ours.summary(), "; ", times->theirs.summary());
  }
  table.add(row);
}

int report(const Seen& seen, const Counts& counts) {
  Verdicts table("shim-tasks");
  add_peer_row(table, "S4", "start until Connect is answered, p50", seen.starts, at_most(0.6, 0.3));
  add_peer_row(table, "S7", "ctr run --rm of /bin/true, p50", seen.runs, at_most(1.2, 1));
  const auto grown = [&](const char* id, const std::string& what, const Pair& times, Limit limit) {
    table.add({id, concat(what, " with ", counts.containers, " containers / with 1, p50"), "x",
               times.ours.median() / times.theirs.median(), limit,
               concat(times.ours.summary(), "; ", times.theirs.summary())});
  };
  grown("N1", "create and start", seen.scale.create, at_most(1.3, 1.1));
  grown("N2", "State", seen.scale.state, at_most(1.2, 1.05));
  grown("N2", "exec of /bin/true", seen.scale.exec, at_most(1.2, 1.05));
  const Cost& cost = seen.cost;
  table.add({"N3", "private dirty memory of a container", "KiB", cost.memory, at_most(64, 24), ""});
  table.add(
      {"N4", "descriptors of a container, shim", "", cost.shim_descriptors, at_most(6, 6), ""});
  table.add(
      {"N4", "descriptors of a container, agent", "", cost.agent_descriptors, at_most(8, 8), ""});
  table.add({"N4", "descriptors left by all of them, shim", "", cost.shim_left, at_most(0, 0), ""});
  table.add(
      {"N4", "descriptors left by all of them, agent", "", cost.agent_left, at_most(0, 0), ""});
  table.add({"N7", concat("resident memory an exec, ", counts.execs, " execs"), "B", seen.soak,
             at_most(1, 1), ""});
  return table.print();
}

int measure(const World& world, const Counts& counts) {
  const char* const path = ::getenv("PATH");
  ::setenv("PATH",
           concat(our_shim().parent_path(), ":", path == nullptr ? "/usr/bin" : path).c_str(), 1);
  const auto containerd = Containerd::start(world);
  if (containerd) ::setenv("TTRPC_ADDRESS", containerd->events_socket().c_str(), 1);
  Seen seen;
  if (containerd && ::access(kPeerShim, X_OK) == 0) {
    seen.starts = measure_starts(world, counts.rounds);
    seen.runs = measure_runs(world, *containerd, counts.rounds);
  }
  MockPod small(world, "small"), full(world, "full");
  Filling filling(full, counts.containers - 1);
  seen.scale = measure_scale(full, small, counts.rounds);
  seen.cost = filling.empty();
  seen.soak = measure_soak(small, counts.execs);
  return report(seen, counts);
}

}  // namespace

int main(int argc, char** argv) {
  Counts counts;
  if (argc > 1) counts.containers = std::atoi(argv[1]);
  if (argc > 2) counts.execs = std::atoi(argv[2]);
  if (argc > 3) counts.rounds = std::atoi(argv[3]);
  if (counts.containers < 2 || counts.execs < 10 || counts.rounds < 1)
    fail("usage: shim-tasks [CONTAINERS [EXECS [ROUNDS]]], at least 2, 10 and 1");
  return in_throw_away_world([&](const World& world) { return measure(world, counts); });
}
