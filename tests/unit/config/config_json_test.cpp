// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "tests/unit/config/config_of.h"

namespace kata::config {

namespace {

constexpr const char* kEverything = R"([plugins]
directory = "/opt/p"
network = "tap"
memory_dedup = "ksm-throttler"
[hypervisor.qemu]
kernel = "/k"
image = "/i"
kernel_params = "a=\"b\" \u00e9"
default_vcpus = 3
default_maxvcpus = 8
default_memory = 512
default_maxmemory = 4096
overhead_vcpus = 0.25
overhead_memory = 77
enable_annotations = ["a", "b.*"]
valid_hypervisor_paths = ["/h"]
valid_virtio_fs_daemon_paths = ["/v"]
valid_entropy_sources = ["/e"]
enable_hugepages = true
enable_debug = true
machine_type = "q35"
virtio_fs_extra_args = ["a", "b,c"]
pcie_root_port = 3
[memory_dedup.ksm-throttler]
run_directory = "/run/other"
policy = "adaptive"
[agent.kata]
kernel_modules = ["m p=1"]
dial_timeout = 9
create_container_timeout = 11
container_pipe_size = 4096
enable_debug = true
debug_console_enabled = true
[runtime]
enable_debug = true
disable_guest_seccomp = true
log_level = "warn"
sandbox_cgroup_only = false
static_sandbox_resource_mgmt = false
internetworking_model = "tcfilter"
)";

}  // namespace

TEST_CASE("the stored form gives back every field") {
  const Config config = accepted(kEverything);
  const std::string json = config_to_json(config);
  const auto back = config_from_json(json);
  REQUIRE_MESSAGE(back.ok(), back.error().message);
  const Config& copy = back.value();
  CHECK(config_to_json(copy) == json);
  CHECK(copy.effective == config.effective);
  CHECK(copy.warnings == config.warnings);
  CHECK(copy.hypervisor.keys == config.hypervisor.keys);
  CHECK(copy.shared_filesystem.keys == config.shared_filesystem.keys);
  CHECK(copy.network.keys == config.network.keys);
  CHECK(copy.memory_dedup.library == config.memory_dedup.library);
  CHECK(copy.network.origin == config.network.origin);
  CHECK(copy.memory_dedup.keys == config.memory_dedup.keys);
  CHECK(copy.dedup.run_directory == "/run/other");
  CHECK(copy.vm.kernel == "/k");
  CHECK(copy.vm.image == "/i");
  CHECK(copy.vm.kernel_params == config.vm.kernel_params);
  CHECK(copy.vm.default_vcpus == 3);
  CHECK(copy.vm.default_maxvcpus == 8);
  CHECK(copy.vm.default_memory_mib == 512);
  CHECK(copy.vm.default_maxmemory_mib == 4096);
  CHECK(copy.vm.overhead_vcpus == 0.25);
  CHECK(copy.vm.overhead_memory_mib == 77);
  CHECK(copy.vm.enable_annotations == std::vector<std::string>{"a", "b.*"});
  CHECK(copy.vm.valid_hypervisor_paths == std::vector<std::string>{"/h"});
  CHECK(copy.vm.valid_virtio_fs_daemon_paths == std::vector<std::string>{"/v"});
  CHECK(copy.vm.valid_entropy_sources == std::vector<std::string>{"/e"});
  CHECK(copy.vm.enable_hugepages);
  CHECK(copy.vm.enable_debug);
  CHECK(copy.agent.kernel_modules == std::vector<std::string>{"m p=1"});
  CHECK(copy.agent.dial_timeout_s == 9);
  CHECK(copy.agent.create_container_timeout_s == 11);
  CHECK(copy.agent.container_pipe_size == 4096);
  CHECK(copy.agent.enable_debug);
  CHECK(copy.agent.debug_console_enabled);
  CHECK(copy.runtime.enable_debug);
  CHECK(copy.runtime.disable_guest_seccomp);
  CHECK(copy.runtime.log_level == "warn");
  CHECK_FALSE(copy.runtime.sandbox_cgroup_only);
  CHECK_FALSE(copy.runtime.static_sandbox_resource_mgmt);
}

TEST_CASE("a stored form without a younger key has that key's default") {
  const auto json = nlohmann::json::parse(config_to_json(accepted(kEverything)));
  std::size_t left_out = 0;
  for (const char* table : {"vm", "agent", "runtime", "dedup"})
    for (const auto& [key, value] : json[table].items()) {
      nlohmann::json older = json;
      older[table].erase(key);
      const auto read = config_from_json(older.dump());
      REQUIRE_MESSAGE(read.ok(), table << " " << key);
      const auto again = nlohmann::json::parse(config_to_json(read.value()));
      const auto defaults = nlohmann::json::parse(config_to_json(Config{}));
      CHECK_MESSAGE(again[table][key] == defaults[table][key], table << " " << key);
      ++left_out;
    }
  CHECK(left_out >= 28);
}

TEST_CASE("a damaged stored form is an error and never a half configuration") {
  const std::string json = config_to_json(accepted(kEverything));
  for (std::size_t length = 0; length < json.size(); ++length)
    CHECK_FALSE(config_from_json(std::string_view(json).substr(0, length)).ok());
  for (const char* text :
       {"null", "[]", "{}", "{\"format\":2}", "{\"format\":1,\"hypervisor\":3}"}) {
    const auto parsed = config_from_json(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message.starts_with("stored configuration: "));
  }
}

}  // namespace kata::config
