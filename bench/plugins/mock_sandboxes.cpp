// SPDX-License-Identifier: Apache-2.0
#include "bench/plugins/mock_sandboxes.h"

#include <fstream>

#include "bench/agent/fail.h"
#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"

namespace kata::bench {

MockSandboxes::MockSandboxes(const std::filesystem::path& programs) : programs_(programs) {
  std::ofstream(runtime_.config_file())
      << "[plugins]\ndirectory = \"" KATA_PLUGIN_DIR "\"\nhypervisor = \"mock\"\n"
      << "shared_filesystem = \"bind\"\nnetwork = \"none\"\n[hypervisor.mock]\n"
      << "unsafe_no_vm = true\npath = \"" KATA_MOCK_VM "\"\nagent = \"" KATA_AGENT "\"\n";
  sleeper_ = runtime_.make("sleeper", test::default_spec({"/bin/sleep", "10000"}));
  quick_ = runtime_.make("quick", test::default_spec({"/bin/true"}));
}

std::vector<std::string> MockSandboxes::command(const std::vector<std::string>& verb) const {
  std::vector<std::string> argv = runtime_.command(verb);
  argv[0] = programs_ / "kata-runtime";
  return argv;
}

std::string MockSandboxes::run(const std::vector<std::string>& verb) const {
  test::CommandOptions options = runtime_.options();
  options.timeout = std::chrono::seconds(120);
  const test::CommandResult result = test::run(command(verb), options);
  if (result.exit_code != 0)
    fail(concat("kata-runtime ", verb[0], ": exit ", result.exit_code, ": ", result.err));
  return result.out;
}

}  // namespace kata::bench
