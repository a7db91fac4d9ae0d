// SPDX-License-Identifier: Apache-2.0
//
// One pod and its containers, as a kubelet would have them run. The destructor stops and removes
// all of it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cri.pb.h"
#include "kata/result.h"
#include "tests/integration/cri/daemon.h"

namespace kata::test {

using ContainerConfig = runtime::v1::ContainerConfig;

class Pod {
 public:
  // Changes what the test wants otherwise in the pod's configuration.
  using Adjust = std::function<void(runtime::v1::PodSandboxConfig&)>;

  // To be started by run().
  Pod(const CriDaemon& daemon, const Adjust& adjust);
  // Fails the test when the pod does not start.
  Pod(const CriDaemon& daemon, const std::string& handler, const Adjust& adjust = {});
  ~Pod();
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  // A busybox shell with `text`; the log goes to "<name>.log".
  ContainerConfig script(const std::string& name, const std::string& text) const;
  // `script` that waits to be stopped.
  ContainerConfig sleeper(const std::string& name) const;

  Result<void> run(const std::string& handler);  // after a failure there is no pod

  // Creates and starts; the container's id. Fails the test when that fails.
  std::string start(const ContainerConfig& config);
  std::string create(const ContainerConfig& config);
  Result<std::string> try_to_create(const ContainerConfig& config) const;
  Result<std::string> try_to_start(const ContainerConfig& config) const;
  Result<void> begin(const std::string& container) const;
  Result<void> stop(const std::string& container, int patience_seconds) const;
  Result<void> remove(const std::string& container) const;

  runtime::v1::ContainerStatus status(const std::string& container) const;
  // "exited 3 Error": state, exit code and reason, once it has ended.
  std::string end_of(const std::string& container) const;
  // Standard output of a shell command in it, then "[exit code]" when that is not 0.
  std::string sh(const std::string& container, const std::string& text) const;
  Result<runtime::v1::ExecSyncResponse> exec(const std::string& container,
                                             const std::vector<std::string>& command,
                                             int limit_seconds = 0) const;
  // Its log, without the times.
  std::string log_of(const std::string& name) const;

  const std::string& id() const { return id_; }
  runtime::v1::PodSandboxStatus sandbox_status() const;
  Result<void> end();  // stops and removes the pod; the destructor then has nothing to do
  const CriClient& client() const { return client_; }
  std::filesystem::path directory() const { return logs_; }  // for logs and volumes

 private:
  const CriClient& client_;
  runtime::v1::PodSandboxConfig config_{};
  std::filesystem::path logs_;
  std::string id_{};
};

}  // namespace kata::test
