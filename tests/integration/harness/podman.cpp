// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/podman.h"

#include <fstream>

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"

namespace kata::test {

namespace fs = std::filesystem;

namespace {

void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

// podman's --runtime-flag would not do: the process that cleans up after a container that has ended
// does not get it, and deletes nothing below another --root.
void write_runtime(const fs::path& file, const Runtime& kata) {
  write(file, concat("#!/bin/sh\nexec ", KATA_RUNTIME, " --root ", kata.root(), " --config ",
                     kata.config_file(), " \"$@\"\n"));
  fs::permissions(file, fs::perms::owner_all);
}

// The limits keep podman from raising those of this process, which needs a capability that root in
// a container lacks. The vfs driver leaves no mount behind.
void write_configuration(const fs::path& directory) {
  write(directory / "containers.conf",
        concat("[containers]\n"
               "default_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n"
               "log_driver = \"k8s-file\"\n"
               "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n"
               "[engine.runtimes]\nkata = [\"",
               directory,
               "/kata-runtime\"]\n"
               "[network]\nnetwork_backend = \"cni\"\ncni_plugin_dirs = [\"/usr/lib/cni\"]\n"
               "network_config_dir = \"",
               directory, "/networks\"\n"));
  write(directory / "storage.conf", concat("[storage]\ndriver = \"vfs\"\ngraphroot = \"", directory,
                                           "/graph\"\nrunroot = \"", directory, "/podman-run\"\n"));
}

}  // namespace

Podman::Podman(With runtime) : runtime_(runtime) {
  host_.run("ip link set lo up");
  kata_.use_network("tap");
  kata_.configure("");
  write_configuration(kata_.directory());
  write_runtime(kata_.directory() / "kata-runtime", kata_);
  kata_.make("bundle", default_spec({}));
}

Podman::~Podman() { (*this)({"rm", "--force", "--all", "--time", "0"}); }

CommandResult Podman::operator()(const std::vector<std::string>& words) const {
  CommandOptions options = kata_.options();
  options.environment["CONTAINERS_CONF"] = kata_.directory() / "containers.conf";
  options.environment["CONTAINERS_STORAGE_CONF"] = kata_.directory() / "storage.conf";
  options.timeout = std::chrono::seconds(120);
  std::vector<std::string> argv{"/usr/bin/nsenter", concat("--net=", host_.path()), "podman",
                                "--tmpdir", kata_.directory() / "podman-tmp"};
  if (runtime_ == With::kRunc)
    argv.insert(argv.end(), {"--runtime", "runc"});
  else
    argv.insert(argv.end(), {"--runtime", "kata"});
  argv.insert(argv.end(), words.begin(), words.end());
  return run(argv, options);
}

CommandResult Podman::run_script(const std::vector<std::string>& flags,
                                 const std::string& script) const {
  std::vector<std::string> words{"run", "--rm"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"--rootfs", rootfs(), "/bin/sh", "-c", script});
  return (*this)(words);
}

}  // namespace kata::test
