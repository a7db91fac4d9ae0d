// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/engine_files.h"

#include <fstream>

#include "kata/concat.h"

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
// a container lacks.
void write_containers(const EngineFiles& files, const fs::path& directory) {
  write(files.containers, concat("[containers]\n"
                                 "default_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n"
                                 "log_driver = \"k8s-file\"\n"
                                 "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = "
                                 "\"file\"\n[engine.runtimes]\nkata = [\"",
                                 files.runtime,
                                 "\"]\n[network]\nnetwork_backend = \"cni\"\n"
                                 "cni_plugin_dirs = [\"/usr/lib/cni\"]\nnetwork_config_dir = \"",
                                 directory, "/networks\"\n"));
}

}  // namespace

EngineFiles write_engine_files(const Runtime& kata) {
  const fs::path directory = kata.directory();
  const EngineFiles files{directory / "kata-runtime", directory / "containers.conf",
                          directory / "storage.conf"};
  write_runtime(files.runtime, kata);
  write_containers(files, directory);
  // The vfs driver leaves no mount behind.
  write(files.storage, concat("[storage]\ndriver = \"vfs\"\ngraphroot = \"", directory,
                              "/graph\"\nrunroot = \"", directory, "/podman-run\"\n"));
  return files;
}

CommandOptions options_with(const EngineFiles& files, const Runtime& kata) {
  CommandOptions options = kata.options();
  options.environment["CONTAINERS_CONF"] = files.containers;
  options.environment["CONTAINERS_STORAGE_CONF"] = files.storage;
  options.timeout = std::chrono::seconds(120);
  return options;
}

}  // namespace kata::test
