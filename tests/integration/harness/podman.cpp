// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/podman.h"

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"

namespace kata::test {

Podman::Podman(With runtime) : runtime_(runtime) {
  host_.run("ip link set lo up");
  kata_.use_network("tap");
  kata_.configure("");
  files_ = write_engine_files(kata_);
  kata_.make("bundle", default_spec({}));
}

Podman::~Podman() { (*this)({"rm", "--force", "--all", "--time", "0"}); }

CommandResult Podman::operator()(const std::vector<std::string>& words) const {
  return run(command(words), options());
}

std::vector<std::string> Podman::command(const std::vector<std::string>& words) const {
  std::vector<std::string> argv{"/usr/bin/nsenter", concat("--net=", host_.path()), "podman",
                                "--tmpdir", kata_.directory() / "podman-tmp"};
  if (runtime_ == With::kRunc)
    argv.insert(argv.end(), {"--runtime", "runc"});
  else
    argv.insert(argv.end(), {"--runtime", "kata"});
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

CommandResult Podman::run_script(const std::vector<std::string>& flags,
                                 const std::string& script) const {
  std::vector<std::string> words{"run", "--rm"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"--rootfs", rootfs(), "/bin/sh", "-c", script});
  return (*this)(words);
}

}  // namespace kata::test
