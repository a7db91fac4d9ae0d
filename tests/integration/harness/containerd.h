// SPDX-License-Identifier: Apache-2.0
//
// A containerd of its own: root, state, sockets and configuration go with the object. It knows our
// shim as io.containerd.kata.v2, and has runc as the oracle. One image: "local:busybox".
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/harness/runtime.h"

namespace kata::test {

class Containerd {
 public:
  // `hypervisor`: lines for [hypervisor.qemu].
  explicit Containerd(const std::string& hypervisor = "");
  ~Containerd();
  Containerd(const Containerd&) = delete;
  Containerd& operator=(const Containerd&) = delete;

  // `ctr WORDS`
  CommandResult operator()(const std::vector<std::string>& words, std::string input = {}) const;
  std::vector<std::string> command(const std::vector<std::string>& words) const;

  // The words of `ctr run FLAGS local:busybox ID COMMAND` for "kata" or "runc".
  std::vector<std::string> run_words(const std::string& runtime,
                                     const std::vector<std::string>& flags, const std::string& id,
                                     const std::vector<std::string>& command) const;
  // "RUNNING", as `ctr task ls` says; empty when there is no such task.
  std::string status(const std::string& id) const;

  // Kills the daemon and starts it again; the tasks go on.
  void restart();

  std::filesystem::path directory() const { return kata_.directory(); }
  CommandOptions options() const { return kata_.options(); }
  // The processes that run for tasks, "process PID NAME".
  std::vector<std::string> processes() const;
  // What tasks have left; the daemon's own files and processes do not count.
  std::string leaked() const;

 private:
  void write_configuration() const;
  void start_daemon();
  void import_image() const;

  Runtime kata_{};  // directory, configuration, marker
  std::unique_ptr<Background> daemon_{};
  Snapshot before_{}, sockets_before_{}, mounts_before_{};
};

}  // namespace kata::test
