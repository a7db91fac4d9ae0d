// SPDX-License-Identifier: Apache-2.0
//
// The agent's size on disk and its resident memory once it has answered its first request and is
// idle. Prints one JSON object.
//
//   agent_footprint MAX_BINARY_KIB MAX_RSS_KIB      exit 1 when one is above its limit
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "health.pb.h"
#include "kata/concat.h"
#include "protocol/ttrpc/blocking_client.h"
#include "tests/integration/harness/command.h"

namespace {

using namespace kata;

long status_kib(pid_t pid, const std::string& key) {
  std::ifstream file(concat("/proc/", pid, "/status"));
  for (std::string line; std::getline(file, line);)
    if (line.rfind(key + ":", 0) == 0) return std::atol(line.c_str() + key.size() + 1);
  return -1;
}

bool answers(const std::filesystem::path& socket) {
  auto client = ttrpc::BlockingClient::connect(socket);
  if (!client.ok()) return false;
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  return ttrpc::call<grpc::HealthCheckResponse>(client.value(), "grpc.Health", "Check",
                                                grpc::CheckRequest{}, deadline)
      .ok();
}

}  // namespace

int main(int argc, char** argv) {
  const long max_binary_kib = argc > 1 ? std::atol(argv[1]) : 3072;
  const long max_rss_kib = argc > 2 ? std::atol(argv[2]) : 2048;
  char directory[] = "/tmp/kata-bench.XXXXXX";
  if (::mkdtemp(directory) == nullptr) return 2;
  const std::filesystem::path socket = concat(directory, "/agent.sock");
  long rss = -1, anonymous = -1;
  {
    const test::Background agent({KATA_AGENT, "--server-addr", concat("unix://", socket),
                                  "--run-dir", concat(directory, "/run")},
                                 {}, concat(directory, "/log"));
    if (test::eventually([&] { return answers(socket); }, std::chrono::seconds(10))) {
      rss = status_kib(agent.pid(), "VmRSS");
      anonymous = status_kib(agent.pid(), "RssAnon");
    }
  }
  std::filesystem::remove_all(directory);
  const long binary = static_cast<long>(std::filesystem::file_size(KATA_AGENT) / 1024);
  std::printf(
      "{\"bench\":\"agent_footprint\",\"binary_kib\":%ld,\"rss_kib\":%ld,\"rss_anon_kib\":%ld,"
      "\"max_binary_kib\":%ld,\"max_rss_kib\":%ld}\n",
      binary, rss, anonymous, max_binary_kib, max_rss_kib);
  return rss > 0 && rss <= max_rss_kib && binary <= max_binary_kib ? 0 : 1;
}
