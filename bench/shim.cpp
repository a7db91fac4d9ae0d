// SPDX-License-Identifier: Apache-2.0
//
// S1 to S3, S5, S6, N3 and N4: what containerd-shim-kata-v2 takes of the host and how fast it
// answers, beside containerd-shim-runc-v2 in the same containerd. Pods of one pause process and one
// sleeping container.
//
//   shim [PODS [CALLS]]     3 pods at once for S3, 2000 calls for S6; exit 1 when a limit is missed
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "bench/agent/fail.h"
#include "bench/agent/floors.h"
#include "bench/agent/samples.h"
#include "bench/agent/verdicts.h"
#include "bench/shim/task_client.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "tests/integration/cri/pod.h"

namespace {

namespace fs = std::filesystem;
using namespace kata;
using namespace kata::bench;
using test::CriDaemon;
using test::Pod;

constexpr unsigned kSettleSeconds = 3;  // sandbox::Settling waits one
constexpr double kFurther = 4;          // containers

struct Footprint {  // KiB, and counts
  double resident = 0, private_dirty = 0, proportional = 0, threads = 0, descriptors = 0;
};

// The shim of a pod has the pod's id among its arguments.
fs::path process_of_shim(const std::string& pod) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string words(std::istreambuf_iterator<char>(file), {});
    if (words.find("containerd-shim") < words.find('\0') && words.find(pod) != std::string::npos)
      return entry.path();
  }
  fail(concat("pod ", pod, " has no shim"));
}

double count(const fs::path& directory) {
  return static_cast<double>(std::distance(fs::directory_iterator(directory), {}));
}

Footprint footprint_of(const Pod& pod) {
  const fs::path process = process_of_shim(pod.id());
  Footprint seen;
  std::ifstream file(process / "smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    const double value = std::atof(line.c_str() + line.find(':') + 1);
    if (line.starts_with("Rss:")) seen.resident = value;
    if (line.starts_with("Pss:")) seen.proportional = value;
    if (line.starts_with("Private_Dirty:")) seen.private_dirty = value;
  }
  seen.threads = count(process / "task");
  seen.descriptors = count(process / "fd");
  return seen;
}

// At the socket that the shim wrote into its bundle.
Wire connect(const CriDaemon& daemon, const Pod& pod) {
  const fs::path bundle =
      daemon.directory() / "state/io.containerd.runtime.v2.task/k8s.io" / pod.id();
  std::ifstream file(bundle / "address");
  const std::string address(std::istreambuf_iterator<char>(file), {});
  return Wire(must(connect_unix(address.substr(std::string("unix://").size()))));
}

// One runtime's pods, the first with a client of its shim.
class Subjects {
 public:
  Subjects(const CriDaemon& daemon, const std::string& handler, int pods) {
    for (int i = 0; i < pods; ++i) {
      pods_.push_back(std::make_unique<Pod>(daemon, handler));
      pods_.back()->start(pods_.back()->sleeper("c0"));
    }
    wire_ = std::make_unique<Wire>(connect(daemon, first()));
  }

  Footprint footprint() const { return footprint_of(first()); }
  double proportional() const {  // of each
    double sum = 0;
    for (const auto& pod : pods_) sum += footprint_of(*pod).proportional;
    return sum / static_cast<double>(pods_.size());
  }
  void add_further() const {
    for (const char* name : {"c1", "c2", "c3", "c4"}) first().start(first().sleeper(name));
  }
  // A call that has only the container's id, one at a time.
  void call(const char* method, int count, Samples& times) {
    std::string frame = TaskClient::frame(method, first().id());
    for (int i = 0; i < count; ++i)
      times.add(timed([&] {
        wire_->send(frame);
        static_cast<void>(wire_->receive());
      }));
  }

 private:
  Pod& first() const { return *pods_.front(); }
  std::vector<std::unique_ptr<Pod>> pods_{};
  std::unique_ptr<Wire> wire_{};
};

struct Seen {
  Footprint alone{}, more{};  // with one container; with four further ones
  double proportional = 0;    // of each of several
  Samples state{}, pids{};
};

struct Comparison {
  Seen ours{}, peer{};
  Samples raw{};
};

void call_in_turn(Subjects& ours, Subjects& peer, int calls, Comparison& seen) {
  constexpr int kTurns = 20;
  const RawEcho echo;
  for (int turn = 0; turn < kTurns; ++turn) {
    const int count = (calls + kTurns - 1) / kTurns;
    for (int i = 0; i < count; ++i) seen.raw.add(timed([&] { echo.round_trip(); }));
    ours.call("State", count, seen.ours.state);
    peer.call("State", count, seen.peer.state);
    ours.call("Pids", count, seen.ours.pids);
    peer.call("Pids", count, seen.peer.pids);
  }
}

Comparison measure(const CriDaemon& daemon, int pods, int calls) {
  Subjects peer(daemon, "runc", pods), ours(daemon, "kata", pods);
  Comparison seen;
  ::sleep(kSettleSeconds);
  const auto both = [&](const auto& look) {
    look(ours, seen.ours);
    look(peer, seen.peer);
  };
  both([](const Subjects& subjects, Seen& of) {
    of.alone = subjects.footprint();
    of.proportional = subjects.proportional();
  });
  call_in_turn(ours, peer, calls, seen);
  both([](const Subjects& subjects, Seen&) { subjects.add_further(); });
  ::sleep(kSettleSeconds);
  both([](const Subjects& subjects, Seen& of) { of.more = subjects.footprint(); });
  return seen;
}

class Report {
 public:
  // `kib`: what ours must keep beside the ratio; none: 0.
  void memory(const char* id, const std::string& what, double our, double their, Limit ratio,
              double kib) {
    table_.add({id, what + " / containerd-shim-runc-v2", "x", our / their, ratio,
                concat(static_cast<long>(our), " beside ", static_cast<long>(their))});
    if (kib > 0) table_.add({id, what, "KiB", our, at_most(kib, kib), ""});
  }
  void call(const std::string& what, const Samples& ours, const Samples& peer, const Samples& raw) {
    table_.add({"S6", what + " p50 / containerd-shim-runc-v2", "x", ours.median() / peer.median(),
                at_most(0.5, 0.5), concat(ours.summary(), "; ", peer.summary())});
    table_.add({"S6", what + " p50 / raw AF_UNIX echo", "x", ours.median() / raw.median(),
                at_most(2.5, 2.5), raw.summary()});
  }
  int print(const Comparison& seen, int pods) {
    const Seen &ours = seen.ours, &peer = seen.peer;
    memory("S1", "resident memory, one pod", ours.alone.resident, peer.alone.resident,
           at_most(0.5, 0.35), 6600);
    memory("S2", "private dirty memory", ours.alone.private_dirty, peer.alone.private_dirty,
           at_most(0.6, 0.35), 1500);
    memory("S3", concat("proportional memory, each of ", pods), ours.proportional,
           peer.proportional, at_most(0.45, 0.3), 2000);
    table_.add({"S5", "threads, one pod", "", ours.alone.threads, at_most(5, 3),
                concat("containerd-shim-runc-v2 has ", static_cast<long>(peer.alone.threads))});
    call("Task.State", ours.state, peer.state, seen.raw);
    call("Task.Pids", ours.pids, peer.pids, seen.raw);
    const auto further = [](double more, double alone) { return (more - alone) / kFurther; };
    table_.add({"N3", "private dirty memory of a further container", "KiB",
                further(ours.more.private_dirty, ours.alone.private_dirty), at_most(64, 24), ""});
    table_.add({"N4", "descriptors of a further container", "",
                further(ours.more.descriptors, ours.alone.descriptors), at_most(6, 6), ""});
    return table_.print();
  }

 private:
  Verdicts table_{"shim"};
};

}  // namespace

int main(int argc, char** argv) {
  doctest::Context outside_of_tests;
  outside_of_tests.setAsDefaultForAssertsOutOfTestCases();
  outside_of_tests.setAssertHandler([](const doctest::AssertData& failed) {
    if (failed.m_failed) fail(concat(failed.m_file, ":", failed.m_line, ": ", failed.m_expr));
  });
  const int pods = argc > 1 ? std::atoi(argv[1]) : 3, calls = argc > 2 ? std::atoi(argv[2]) : 2000;
  if (pods < 1 || calls < 1) fail("usage: shim [PODS [CALLS]], both at least 1");
  const CriDaemon daemon;
  return Report().print(measure(daemon, pods, calls), pods);
}
