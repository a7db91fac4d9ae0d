// SPDX-License-Identifier: Apache-2.0
//
// A containerd of the test's own with its CRI plugin: storage, sockets, configuration, CNI networks
// and "host" network namespace go with the object. It knows the runtime handlers "runc", the
// oracle, and "kata". Two images: kBusybox, and the one that pods pause in.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/cri/client.h"
#include "tests/integration/harness/runtime.h"
#include "tests/network_namespace.h"

namespace kata::test {

inline constexpr const char* kBusybox = "localhost/cri/busybox:1";

class CriDaemon {
 public:
  // `hypervisor`: lines for [hypervisor.qemu].
  explicit CriDaemon(const std::string& hypervisor = "");
  ~CriDaemon();
  CriDaemon(const CriDaemon&) = delete;
  CriDaemon& operator=(const CriDaemon&) = delete;

  const CriClient& client() const { return *client_; }
  std::filesystem::path directory() const { return kata_.directory(); }

  // The processes that run for pods, "process PID NAME".
  std::vector<std::string> processes() const;
  // What pods have left; the daemon's own files and processes do not count.
  std::string leaked() const;

 private:
  void write_configuration() const;
  void write_networks() const;
  void import_images() const;
  void make_first_pod() const;
  std::string marker() const;
  Snapshot look() const;

  NetworkNamespace host_{};
  Runtime kata_{};  // directory, configuration, marker
  std::unique_ptr<Background> daemon_{};
  std::unique_ptr<CriClient> client_{};
  Snapshot before_{};
};

}  // namespace kata::test
