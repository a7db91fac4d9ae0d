// SPDX-License-Identifier: Apache-2.0
//
// A pod of which one process is killed at a point of its life: StopPodSandbox and RemovePodSandbox
// succeed, and nothing is left.
#include <doctest/doctest.h>
#include <signal.h>

#include <atomic>
#include <map>
#include <thread>

#include "kata/concat.h"
#include "tests/integration/cri/pod.h"
#include "tests/integration/harness/kill_points.h"

using namespace kata::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kRemoved{20};

// One call of a kubelet; it may fail.
struct Phase {
  const char* name;
  void (*call)(Pod& pod, std::string& container);
};

constexpr Phase kPhases[] = {
    {"pod", [](Pod& pod, std::string&) { static_cast<void>(pod.run("kata")); }},
    {"container",
     [](Pod& pod, std::string& container) {
       auto started = pod.try_to_start(pod.sleeper("c1"));
       if (started.ok()) container = started.take();
     }},
    {"exec",
     [](Pod& pod, std::string& container) {
       static_cast<void>(pod.exec(container, {"/bin/true"}, 5));
     }},
    {"running", [](Pod&, std::string&) { std::this_thread::sleep_for(milliseconds(200)); }},
    {"stop", [](Pod& pod, std::string& container) { static_cast<void>(pod.stop(container, 0)); }},
    {"remove", [](Pod& pod, std::string& container) { static_cast<void>(pod.remove(container)); }},
    {"end", [](Pod& pod, std::string&) { static_cast<void>(pod.end()); }},
};

const std::vector<KillPoint> kPoints = {
    {"pod", 20},       {"pod", 40},       {"pod", 50},       {"pod", 60},       {"pod", 70},
    {"pod", 80},       {"pod", 90},       {"container", 10}, {"container", 30}, {"container", 50},
    {"container", 70}, {"container", 90}, {"exec", 20},      {"exec", 60},      {"running", 0},
    {"stop", 30},      {"stop", 70},      {"remove", 50},    {"end", 20},       {"end", 60}};

std::map<std::string, milliseconds> times(const CriDaemon& daemon) {
  std::map<std::string, milliseconds> taken;
  Pod pod(daemon, Pod::Adjust());
  std::string container;
  for (const Phase& phase : kPhases)
    taken[phase.name] = time_of([&] { phase.call(pod, container); });
  return taken;
}

// As a kubelet does it, also with what a RunPodSandbox that failed could not clean up.
kata::Result<void> remove_all(const CriDaemon& daemon, Pod& pod) {
  KATA_TRY(pod.end(), "");
  const auto pods =
      KATA_TRY(daemon.client().call<runtime::v1::ListPodSandboxResponse>(
                   "RuntimeService/ListPodSandbox", runtime::v1::ListPodSandboxRequest()),
               "");
  for (const auto& left : pods.items()) {
    runtime::v1::StopPodSandboxRequest stop;
    stop.set_pod_sandbox_id(left.id());
    KATA_TRY(daemon.client().call<runtime::v1::StopPodSandboxResponse>(
                 "RuntimeService/StopPodSandbox", stop),
             "");
    runtime::v1::RemovePodSandboxRequest remove;
    remove.set_pod_sandbox_id(left.id());
    KATA_TRY(daemon.client().call<runtime::v1::RemovePodSandboxResponse>(
                 "RuntimeService/RemovePodSandbox", remove),
             "");
  }
  return {};
}

void check_removed(const CriDaemon& daemon, Pod& pod) {
  kata::Result<void> ended;
  const milliseconds taken = time_of([&] { ended = remove_all(daemon, pod); });
  CHECK_MESSAGE(ended.ok(), (ended.ok() ? "" : ended.error().message));
  CHECK(taken < kRemoved);
  CHECK(daemon.leaked() == "");
}

bool play(const CriDaemon& daemon, const KillRow& row, milliseconds point) {
  Pod pod(daemon, Pod::Adjust());
  std::string container;
  bool killed = false;
  for (const Phase& phase : kPhases) {
    std::atomic<bool> over{false};
    std::thread call([&] {
      phase.call(pod, container);
      over = true;
    });
    const bool here = phase.name == std::string(row.point.phase);
    if (here)
      killed = kill_at(
          row.victim, point, [&] { return daemon.processes(); }, [&] { return over.load(); });
    call.join();
    if (here) break;
  }
  check_removed(daemon, pod);
  return killed;
}

void play_all(const CriDaemon& daemon, const std::vector<KillRow>& rows) {
  kata::test::play_all(rows, times(daemon), [&](const KillRow& row, milliseconds point) {
    return play(daemon, row, point);
  });
}

}  // namespace

TEST_CASE("a pod of which a process is killed at any point is stopped and removed") {
  const CriDaemon daemon("path = \"" KATA_FAKE_VM "\"\n");
  play_all(daemon, kill_rows(kPoints, victims_with_fake_vm()));
}

TEST_CASE("a pod whose real shim or VM or file server is killed is stopped and removed") {
  const CriDaemon daemon;
  const std::vector<Victim> victims = {{"shim", "containerd-shim", SIGKILL},
                                       {"VM", "qemu-system", SIGKILL},
                                       {"virtiofsd", "virtiofsd", SIGKILL}};
  play_all(daemon, kill_rows({{"running", 0}, {"container", 50}, {"exec", 50}}, victims));
}

TEST_CASE("a pod whose guest panics is stopped and removed") {
  const CriDaemon daemon;
  Pod pod(daemon, "kata", [](runtime::v1::PodSandboxConfig& config) {
    config.mutable_linux()->mutable_security_context()->set_privileged(true);
  });
  ContainerConfig config = pod.script("c1", "sleep 1; echo c > /proc/sysrq-trigger; sleep 1000");
  config.mutable_linux()->mutable_security_context()->set_privileged(true);
  const std::string c1 = pod.start(config);
  CHECK(pod.end_of(c1).starts_with("exited "));
  check_removed(daemon, pod);
}
