// SPDX-License-Identifier: Apache-2.0
//
// Pods under containerd's CRI plugin. What a scenario shows is written down, and runc is the proof
// that this machine's containerd shows it. KATA_TEST_CRI_SCENARIO plays only the scenarios whose
// name it is part of; KATA_TEST_CRI_MANY=1 plays more pods.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "tests/integration/cri/pod.h"
#include "tests/integration/cri/scenarios.h"

using namespace kata::test;

namespace {

std::string variable(const char* name) {
  const char* const value = ::getenv(name);
  return value == nullptr ? "" : value;
}

void play_table(const std::string& handler) {
  const CriDaemon daemon;
  const std::string wanted = variable("KATA_TEST_CRI_SCENARIO");
  int played = 0;
  for (const Scenario& scenario : scenarios()) {
    if (std::string(scenario.name).find(wanted) == std::string::npos) continue;
    INFO(std::string(scenario.name));
    CHECK(scenario.play(daemon, handler) == std::string(scenario.expected));
    CHECK(daemon.leaked() == "");
    ++played;
  }
  CHECK(played > 0);
}

std::string greeting_of_a_pod(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  const std::string c1 = pod.start(pod.sleeper("c1"));
  const std::string greeting = pod.sh(c1, "echo $((6 * 7))");
  const auto ended = pod.end();
  return ended.ok() ? greeting : ended.error().message;
}

void play_many(const std::string& handler) {
  const CriDaemon daemon;
  const bool many = variable("KATA_TEST_CRI_MANY") == "1";
  for (int i = 0; i < (many ? 20 : 3); ++i) CHECK(greeting_of_a_pod(daemon, handler) == "42\n");
  CHECK(daemon.leaked() == "");
  std::vector<std::string> greetings(many ? 4 : 2);
  std::vector<std::thread> kubelets;
  for (std::string& greeting : greetings)
    kubelets.emplace_back([&] {
      try {
        greeting = greeting_of_a_pod(daemon, handler);
      } catch (...) {
        greeting = "the pod failed";  // what failed in it has been reported
      }
    });
  for (std::thread& kubelet : kubelets) kubelet.join();
  for (const std::string& greeting : greetings) CHECK(greeting == "42\n");
  CHECK(daemon.leaked() == "");
}

}  // namespace

TEST_CASE("pods under runc do what the table says") { play_table("runc"); }

TEST_CASE("pods under runc come and go and leave nothing") { play_many("runc"); }

#ifdef KATA_HAS_SHIM_V2
// One page of a pod's management socket, without its head.
std::string page_of(const Pod& pod, const std::string& page) {
  auto client =
      kata::connect_unix(kata::concat("/run/kata-containers/", pod.id(), "/shim-monitor.sock"));
  REQUIRE_MESSAGE(client.ok(), client.error().message);
  const kata::UniqueFd stream = client.take();
  const std::string request = kata::concat("GET ", page, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(::write(stream.get(), request.data(), request.size()) > 0);
  std::string all, piece(4096, '\0');
  for (ssize_t got = 0; (got = ::read(stream.get(), piece.data(), piece.size())) > 0;)
    all.append(piece, 0, static_cast<std::size_t>(got));
  const std::size_t body = all.find("\r\n\r\n");
  return body == std::string::npos ? all : all.substr(body + 4);
}

TEST_CASE("a pod under kata has a management socket that tells of its VM") {
  const CriDaemon daemon;
  Pod pod(daemon, "kata");
  const std::string metrics = page_of(pod, "/metrics");
  for (const char* family : {"kata_shim_threads ", "kata_hypervisor_proc_status{item=\"vmrss\"} ",
                             "kata_virtiofsd_proc_status{item=\"vmrss\"} ", "kata_virtiofsd_fds ",
                             "kata_guest_meminfo{item=\"mem_total\"} ", "kata_agent_threads "})
    CHECK_MESSAGE(metrics.find(std::string("\n") + family) != std::string::npos, family);
  CHECK(page_of(pod, "/agent-url") ==
        kata::concat("unix:///run/kata-containers/", pod.id(), "/agent.sock"));
}

// The sizes that a leak would change.
struct Sizes {
  std::size_t shim_descriptors = 0, shim_threads = 0, agent_threads = 0;
  std::size_t shim_kib = 0, agent_kib = 0;
};

std::size_t value_of(const std::string& metrics, const std::string& name) {
  const std::size_t at = metrics.find("\n" + name + " ");
  REQUIRE_MESSAGE(at != std::string::npos, name);
  return static_cast<std::size_t>(std::stod(metrics.substr(at + name.size() + 2)));
}

Sizes sizes_of(const CriDaemon& daemon, const Pod& pod) {
  const std::string metrics = page_of(pod, "/metrics");
  Sizes sizes;
  for (const std::string& process : daemon.processes()) {
    if (process.find(" containerd-shim") == std::string::npos) continue;
    const std::string directory = kata::concat("/proc/", std::stoi(process.substr(8)), "/fd");
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory))
      ++sizes.shim_descriptors;
  }
  sizes.shim_threads = value_of(metrics, "kata_shim_threads");
  sizes.shim_kib = value_of(metrics, "kata_shim_proc_status{item=\"vmrss\"}");
  sizes.agent_threads = value_of(metrics, "kata_agent_threads");
  sizes.agent_kib = value_of(metrics, "kata_agent_total_rss") >> 10U;
  return sizes;
}

TEST_CASE("exec probes leave shim and agent as they were") {
  const CriDaemon daemon;
  Pod pod(daemon, "kata");
  const std::string c1 = pod.start(pod.sleeper("c1"));
  const auto probe = [&] { CHECK(pod.sh(c1, "echo healthy") == "healthy\n"); };
  for (int i = 0; i < 10; ++i) probe();
  const Sizes before = sizes_of(daemon, pod);
  const std::string wanted = variable("KATA_TEST_PROBES");
  for (int i = 0; i < (wanted.empty() ? 40 : std::stoi(wanted)); ++i) probe();
  Sizes after;
  const auto settled = [&] {  // the collector's own connection may still be there
    after = sizes_of(daemon, pod);
    return after.shim_descriptors <= before.shim_descriptors;
  };
  CHECK(eventually(settled, std::chrono::seconds(5)));
  MESSAGE("shim ", before.shim_kib, " -> ", after.shim_kib, " KiB, agent ", before.agent_kib,
          " -> ", after.agent_kib, " KiB");
  CHECK(after.shim_threads == before.shim_threads);
  CHECK(after.agent_threads == before.agent_threads);
  CHECK(after.shim_kib < before.shim_kib + 512);
  CHECK(after.agent_kib < before.agent_kib + 512);
}

TEST_CASE("pods under kata do what the table says") { play_table("kata"); }

TEST_CASE("pods under kata come and go and leave nothing") { play_many("kata"); }
#endif
