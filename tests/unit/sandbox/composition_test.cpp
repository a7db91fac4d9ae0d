// SPDX-License-Identifier: Apache-2.0
#include "sandbox/composition.h"

#include <doctest/doctest.h>

namespace kata::sandbox {

namespace {

config::Config configured() {
  config::Config config;
  config.hypervisor.name = "acme";
  config.shared_filesystem.name = "virtiofs";
  config.memory_dedup.name = "none";
  return config;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a vhost-user filesystem is refused on a hypervisor that cannot carry it") {
  const auto checked = check_composition(configured(), HypervisorCapabilities{}, {true});
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().code == ErrorCode::kUnsupported);
  CHECK(contains(checked.error().message, "'virtiofs'"));
  CHECK(contains(checked.error().message, "'acme'"));
}

TEST_CASE("a 9p filesystem is refused on a hypervisor without a 9p server") {
  auto config = configured();
  config.shared_filesystem.name = "9p";
  HypervisorCapabilities hypervisor;
  hypervisor.vhost_user_fs = true;
  const auto checked = check_composition(config, hypervisor, {.plan9 = true});
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().code == ErrorCode::kUnsupported);
  CHECK(contains(checked.error().message, "'9p' needs a 9p server"));
  CHECK(contains(checked.error().message, "'acme'"));
  hypervisor.plan9 = true;
  CHECK(check_composition(config, hypervisor, {.plan9 = true}).value().empty());
}

TEST_CASE("a share of host files is refused on a hypervisor whose guest has a machine of its own") {
  auto config = configured();
  config.shared_filesystem.name = "bind";
  HypervisorCapabilities hypervisor;
  const auto checked = check_composition(config, hypervisor, {.host_files = true});
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().code == ErrorCode::kUnsupported);
  hypervisor.host_files = true;
  CHECK(check_composition(config, hypervisor, {.host_files = true}).value().empty());
}

TEST_CASE("plugins that fit give no warning") {
  HypervisorCapabilities hypervisor;
  hypervisor.vhost_user_fs = true;
  const auto checked = check_composition(configured(), hypervisor, {true});
  REQUIRE(checked.ok());
  CHECK(checked.value().empty());
}

TEST_CASE("page merging beside shared guest memory is a warning with the remedy") {
  auto config = configured();
  config.memory_dedup.name = "ksm-throttler";
  HypervisorCapabilities hypervisor;
  hypervisor.vhost_user_fs = hypervisor.mergeable_memory = hypervisor.plan9 = true;
  const auto checked = check_composition(config, hypervisor, {true});
  REQUIRE(checked.ok());
  REQUIRE(checked.value().size() == 1);
  CHECK(contains(checked.value()[0], "'ksm-throttler'"));
  CHECK(contains(checked.value()[0], "shared_filesystem = \"9p\""));
  hypervisor.plan9 = false;
  const auto without = check_composition(config, hypervisor, {true});
  REQUIRE(without.ok());
  CHECK_FALSE(contains(without.value().at(0), "\"9p\""));
  CHECK(contains(without.value().at(0), "no share that leaves memory private"));
  CHECK(check_composition(config, hypervisor, {false}).value().empty());
}

TEST_CASE("only private memory of small pages is offered and only to a selected memory_dedup") {
  auto config = configured();
  HypervisorCapabilities hypervisor;
  hypervisor.mergeable_memory = true;
  CHECK_FALSE(offers_memory(config, hypervisor, {false}));
  config.memory_dedup.name = "ksm-throttler";
  CHECK(offers_memory(config, hypervisor, {false}));
  CHECK_FALSE(offers_memory(config, hypervisor, {true}));
  CHECK_FALSE(offers_memory(config, HypervisorCapabilities{}, {false}));
  config.vm.enable_hugepages = true;
  CHECK_FALSE(offers_memory(config, hypervisor, {false}));
}

TEST_CASE("huge pages beside page merging are a warning with the remedy") {
  auto config = configured();
  config.memory_dedup.name = "ksm-throttler";
  config.vm.enable_hugepages = true;
  HypervisorCapabilities hypervisor;
  hypervisor.mergeable_memory = true;
  const auto checked = check_composition(config, hypervisor, {false});
  REQUIRE(checked.ok());
  REQUIRE(checked.value().size() == 1);
  CHECK(contains(checked.value()[0], "enable_hugepages = false"));
}

TEST_CASE("the agent's settings come before the operator's kernel parameters") {
  auto config = configured();
  config.agent.enable_debug = true;
  config.agent.container_pipe_size = 65536;
  config.vm.kernel_params = "quiet agent.log=info";
  const VmSpec spec = vm_spec(config, {.id = "s1", .netns = "/run/netns/n"}, {true}, 4);
  CHECK(spec.kernel_params ==
        "agent.log=debug agent.container_pipe_size=65536 quiet agent.log=info");
  CHECK(spec.shared_memory);
  CHECK(spec.id == "s1");
  CHECK(spec.netns == "/run/netns/n");
}

TEST_CASE("a debug console is asked for by the words of every agent") {
  auto config = configured();
  config.agent.debug_console_enabled = true;
  CHECK(vm_spec(config, {.id = "s1"}, {true}, 4).kernel_params ==
        "agent.debug_console agent.debug_console_vport=1026 agent.debug_console_addr=auto");
}

TEST_CASE("the maximum is never below what the VM boots with") {
  auto config = configured();
  config.vm.default_vcpus = 8;
  config.vm.default_memory_mib = 512;
  config.vm.default_maxmemory_mib = 256;
  const VmSpec spec = vm_spec(config, {.id = "s1"}, {false}, 2);
  CHECK(spec.boot.vcpus == 8);
  CHECK(spec.maximum.vcpus == 8);
  CHECK(spec.maximum.memory_mib == 512);
}

TEST_CASE("a share without a device adds none") { CHECK(devices_of({}, std::nullopt).empty()); }

TEST_CASE("the share's device comes after the network's") {
  std::vector<TapDevice> taps;
  taps.push_back(TapDevice{"net0", "tap0", "02:00:00:00:00:01", {}});
  const auto devices = devices_of(std::move(taps), VhostUserFs{"fs0", "/s", "tag"});
  REQUIRE(devices.size() == 2);
  CHECK(std::holds_alternative<TapDevice>(devices[0]));
  CHECK(std::holds_alternative<VhostUserFs>(devices[1]));
}

}  // namespace kata::sandbox
