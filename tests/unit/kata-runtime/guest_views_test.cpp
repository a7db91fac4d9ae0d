// SPDX-License-Identifier: Apache-2.0
//
// features, metrics, iptables and list.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "protocol/agent.pb.h"
#include "sandbox/features_json.h"
#include "sandbox/process_metrics.h"
#include "tests/fakes/fake_proxy.h"
#include "tests/unit/kata-runtime/runtime_stage.h"

using namespace kata;
using namespace kata::runtime;
using kata::fakes::FakeProxy;
using kata::test::RuntimeStage;
using kata::test::TempDir;
using kata::test::write_text;

TEST_CASE("features has the shape of the specification") {
  const auto features = sandbox::features_json("1.2.3");
  CHECK(features.at("ociVersionMin") == "1.0.0");
  CHECK(features.at("ociVersionMax") == "1.1.0");
  CHECK(features.at("hooks").is_array());
  const auto& part = features.at("linux");
  for (const char* name : {"namespaces", "capabilities"}) CHECK_FALSE(part.at(name).empty());
  CHECK(part.at("capabilities").size() == 41);
  CHECK(part.at("seccomp").at("enabled") == true);
  CHECK(part.at("apparmor").at("enabled") == false);
  const auto& options = features.at("mountOptions");
  CHECK(std::is_sorted(options.begin(), options.end()));
  CHECK(std::adjacent_find(options.begin(), options.end()) == options.end());
}

TEST_CASE("a process's metrics have Kata's names") {
  const TempDir proc;
  write_text(proc / "5/task/5/x", "");
  write_text(proc / "5/task/6/x", "");
  write_text(proc / "5/fd/0", "");
  write_text(proc / "5/stat", "5 (a) b) S 1 5 5 0 -1 4194560 1 2 3 4 11 12 13 14 20 0 1 0 9\n");
  write_text(proc / "5/status", "Name:\tVmRSS\nVmSize:\t  4000 kB\nVmRSS:\t 400 kB\nThreads:\t2\n");
  write_text(proc / "5/io", "rchar: 7\nwchar: 8\n");
  const std::string text = sandbox::process_metrics("kata_hypervisor", 5, proc.path());
  for (const char* line :
       {"# TYPE kata_hypervisor_threads gauge\n", "kata_hypervisor_threads 2\n",
        "kata_hypervisor_fds 1\n", "kata_hypervisor_proc_stat{item=\"utime\"} 11\n",
        "kata_hypervisor_proc_stat{item=\"cstime\"} 14\n",
        "kata_hypervisor_proc_status{item=\"vmrss\"} 400\n",
        "kata_hypervisor_io_stat{item=\"wchar\"} 8\n"})
    CHECK_MESSAGE(text.find(line) != std::string::npos, line);
  CHECK(sandbox::process_metrics("kata_hypervisor", 6, proc.path()).empty());
}

TEST_CASE("metrics shows the host's and the guest's") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  grpc::Metrics metrics;
  metrics.set_metrics("kata_guest_load 1\nevil\x1b[2J\xc3\xa9 2\nunfinished");
  proxy.answer_with("GetMetrics", metrics);
  const auto outcome = stage.run("metrics", {"c1"});
  REQUIRE_MESSAGE(outcome.code.ok(), outcome.code.error().message);
  CHECK(outcome.out.find("kata_shim_threads ") != std::string::npos);
  CHECK(outcome.out.find("kata_hypervisor_fds ") != std::string::npos);
  CHECK(outcome.out.ends_with("\nkata_guest_load 1\n"));
  CHECK_FALSE(stage.run("metrics", {"nobody"}).code.ok());
}

TEST_CASE("metrics of the host are shown when the guest has none") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  const FakeProxy proxy(stage.proxy_socket("c1"));
  const auto outcome = stage.run("metrics", {"c1"});
  CHECK_FALSE(outcome.code.ok());
  CHECK(outcome.out.find("kata_shim_fds ") != std::string::npos);
}

TEST_CASE("the guest's packet filter is read and set") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  grpc::GetIPTablesResponse rules;
  rules.set_data("*filter\n\x1b]0;x\x07\nCOMMIT\n");
  proxy.answer_with("GetIPTables", rules);
  proxy.answer_with("SetIPTables", grpc::SetIPTablesResponse());
  CHECK(stage.run("iptables", {"--sandbox-id", "c1", "--v6", "get"}).out ==
        "*filter\n?]0;x?\nCOMMIT\n");
  CHECK(proxy.request<grpc::GetIPTablesRequest>("GetIPTables")->is_ipv6());
  write_text(stage.dir / "rules", "*nat\nCOMMIT\n");
  CHECK(stage.run("iptables", {"--sandbox-id", "c1", "set", stage.dir / "rules"}).code.ok());
  CHECK(proxy.request<grpc::SetIPTablesRequest>("SetIPTables")->data() == "*nat\nCOMMIT\n");
  for (const Words& words :
       {Words{"get"}, Words{"--sandbox-id", "c1", "set"}, Words{"--sandbox-id", "c1", "drop"},
        Words{"--sandbox-id", "c1", "set", "/no/file"}})
    CHECK_FALSE(stage.run("iptables", words).code.ok());
}

TEST_CASE("list has the columns of runc") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  const std::string pid = std::to_string(::getpid());
  CHECK(stage.run("list", {}).out ==
        "ID          PID         STATUS      BUNDLE      CREATED                          OWNER\n"
        "c1          " +
            pid + std::string(12 - pid.size(), ' ') +
            "running     /b          2026-01-01T00:00:00.000000000Z   \n");
}

TEST_CASE("global flags of runc are accepted and wrong values refused") {
  Words rest;
  CHECK(
      parse_globals({"--systemd-cgroup", "--rootless", "auto", "--criu", "x", "list"}, rest).ok());
  CHECK(parse_globals({"--rootless=true", "list"}, rest).ok());
  CHECK(rest == Words{"list"});
  CHECK_FALSE(parse_globals({"--rootless", "perhaps", "list"}, rest).ok());
}
