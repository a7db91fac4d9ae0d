// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <sstream>

#include "tests/unit/config/config_of.h"

namespace kata::config {

namespace {

std::string shipped() {
  std::ifstream file(KATA_SHIPPED_CONFIGURATION);
  REQUIRE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the shipped configuration is accepted without a warning") {
  const Config config = accepted(shipped());
  CHECK(config.warnings.empty());
  CHECK(config.hypervisor.name == "qemu");
  CHECK(config.shared_filesystem.name == "virtiofs");
  CHECK(config.vm.default_memory_mib == 512);
}

TEST_CASE("each key of the shipped configuration has a comment on its line or above") {
  std::istringstream lines(shipped());
  std::string line;
  std::string previous;
  while (std::getline(lines, line)) {
    const bool key = line.find(" = ") != std::string::npos && !line.starts_with("# ");
    if (key) {
      CAPTURE(line);
      CHECK(previous.starts_with("# "));
    }
    previous = line;
  }
}

}  // namespace kata::config
