// SPDX-License-Identifier: Apache-2.0
//
// podman with storage, configuration and a "host" network namespace of its own, which go with the
// object. It runs containers with kata-runtime or, as the oracle, with runc.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/harness/engine_files.h"
#include "tests/integration/harness/runtime.h"
#include "tests/network_namespace.h"

namespace kata::test {

class Podman {
 public:
  enum class With { kKata, kRunc };

  explicit Podman(With runtime);
  ~Podman();
  Podman(const Podman&) = delete;
  Podman& operator=(const Podman&) = delete;

  CommandResult operator()(const std::vector<std::string>& words) const;
  std::vector<std::string> command(const std::vector<std::string>& words) const;  // whole argv
  CommandOptions options() const { return options_with(files_, kata_); }
  // `podman run --rm FLAGS --rootfs busybox sh -c SCRIPT`
  CommandResult run_script(const std::vector<std::string>& flags, const std::string& script) const;

  std::filesystem::path rootfs() const { return kata_.directory() / "bundle/rootfs"; }
  std::filesystem::path directory() const { return kata_.directory(); }
  std::filesystem::path runtime_root() const { return kata_.root(); }
  const NetworkNamespace& host() const { return host_; }
  std::string leaked() const { return kata_.leaked(); }

 private:
  NetworkNamespace host_{};
  Runtime kata_{};  // directory, configuration, leak check
  EngineFiles files_{};
  With runtime_;
};

}  // namespace kata::test
