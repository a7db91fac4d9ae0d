// SPDX-License-Identifier: Apache-2.0
//
// kata-runtime as a user has it, with a configuration of its own, in a directory of its own that
// goes with the object. The destructor deletes every container that the test left.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/harness/command.h"
#include "tests/integration/harness/leak_check.h"

namespace kata::test {

class Runtime {
 public:
  Runtime();
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  std::filesystem::path directory() const { return directory_; }
  std::filesystem::path root() const { return directory_ / "run"; }
  std::filesystem::path bundle(const std::string& name) const { return directory_ / name; }
  std::filesystem::path config_file() const { return directory_ / "configuration.toml"; }

  // KATA_TEST_SHARED_FILESYSTEM of the environment chooses it and a guest that has it.
  const std::string& shared_filesystem() const { return shared_filesystem_; }

  // Its directory; KATA_TEST_GUEST of the environment chooses another than the build's.
  std::filesystem::path guest() const;

  // [plugins] network; takes effect with the next configure().
  void use_network(std::string name) { network_ = std::move(name); }

  // Writes configuration.toml anew with `extra` lines put into [hypervisor.qemu], and `tail` at the
  // end.
  void configure(const std::string& extra, const std::string& tail = "") const;

  // A bundle with busybox and this spec; returns its path.
  std::filesystem::path make(const std::string& name, const nlohmann::json& spec) const;

  std::vector<std::string> command(
      const std::vector<std::string>& verb) const;  // argv with --root and --config
  CommandOptions options() const;                   // with the marker
  CommandResult operator()(const std::vector<std::string>& verb, std::string input = {}) const;

  // `run` of a shell script in a fresh container; the container is deleted by the runtime itself.
  CommandResult run_script(const std::string& script, nlohmann::json spec = {},
                           std::string input = {}) const;

  nlohmann::json state(const std::string& id) const;
  // Of its sandboxes, by the first nine characters of their names: "kata-prox".
  std::map<std::string, pid_t> processes() const;

  // Everything that is there now and was not there when the object was made, bundles apart; after
  // deleting the containers that `list` names. A directory or process of any other is a leak.
  std::string leaked() const;

 private:
  void delete_all() const;
  void delete_listed() const;

  std::filesystem::path directory_;
  std::string marker_;
  std::string network_ = "none", shared_filesystem_;
  Snapshot before_{};
};

}  // namespace kata::test
