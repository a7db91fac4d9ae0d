// SPDX-License-Identifier: Apache-2.0
#include "core/config/print.h"
#include "tests/unit/config/config_of.h"

namespace kata::config {

TEST_CASE("the printed configuration names the origin of each value") {
  const std::string text = print_effective(accepted("[hypervisor.qemu]\ndefault_memory = 512\n"));
  CHECK(text.find("[hypervisor.qemu]\n") != std::string::npos);
  CHECK(text.find("default_memory = 512  # c.toml:2\n") != std::string::npos);
  CHECK(text.find("default_vcpus = 1  # default\n") != std::string::npos);
}

TEST_CASE("the printed configuration loads to the same values") {
  const Config config = accepted(R"([plugins]
network = "/opt/libkata-net-acme.so"
shared_filesystem = "virtiofs"
[hypervisor.acme]
kernel_params = "a \"quoted\" # word \\ [x] \u00e9\u0001\u007f"
default_vcpus = 2
speed = 1.0
list = ["a,b", "c:d"]
map = [{k = "v", n = [1, 2]}]
virtio_fs_cache = "auto"
[network.acme]
flag = false
[agent.kata]
kernel_modules = ["one", "two"]
[runtime]
internetworking_model = "x"
)");
  const std::string text = print_effective(config);
  CAPTURE(text);
  const Config again = accepted(text);
  REQUIRE(again.effective.size() == config.effective.size());
  for (const auto& [path, value] : config.effective) {
    CAPTURE(path);
    REQUIRE(again.effective.contains(path));
    CHECK(again.effective.at(path).json == value.json);
  }
  CHECK(again.hypervisor.name == "acme");
  CHECK(again.network.library == config.network.library);
  CHECK(again.network.keys.size() == config.network.keys.size());
  CHECK(again.shared_filesystem.keys.size() == config.shared_filesystem.keys.size());
  CHECK(again.warnings.empty());
}

}  // namespace kata::config
