// SPDX-License-Identifier: Apache-2.0
//
// A Docker daemon of its own: storage, socket, configuration and "host" network namespace go with
// the object. It knows kata-runtime as "kata", and has runc as the oracle. One image: "busybox".
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/harness/runtime.h"
#include "tests/network_namespace.h"

namespace kata::test {

class Docker {
 public:
  Docker();
  ~Docker();
  Docker(const Docker&) = delete;
  Docker& operator=(const Docker&) = delete;

  CommandResult operator()(const std::vector<std::string>& words) const;
  // `docker run --rm --runtime RUNTIME FLAGS busybox sh -c SCRIPT`
  CommandResult run_script(const std::string& runtime, const std::vector<std::string>& flags,
                           const std::string& script) const;
  // `docker run --detach --runtime RUNTIME --name NAME FLAGS busybox COMMAND`; fails the test when
  // that fails.
  void start(const std::string& runtime, const std::string& name,
             const std::vector<std::string>& flags, const std::vector<std::string>& command) const;
  void remove(const std::string& name) const;
  // A line of `docker inspect --format FORMAT NAME`.
  std::string inspect(const std::string& name, const std::string& format) const;

  const NetworkNamespace& host() const { return host_; }
  std::filesystem::path directory() const { return kata_.directory(); }
  // What containers have left; the daemon's own files and processes do not count.
  std::string leaked() const;

 private:
  void write_configuration() const;
  void import_image() const;
  std::vector<std::string> in_network(std::vector<std::string> argv) const;

  NetworkNamespace host_{};
  Runtime kata_{};  // directory, configuration, marker
  std::unique_ptr<Background> daemon_{};
  Snapshot before_{};
};

}  // namespace kata::test
