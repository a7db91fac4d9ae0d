// SPDX-License-Identifier: Apache-2.0
//
// Instances of the plugin's class as the host would make them.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "kata/concat.h"
#include "tests/component/share-tree/scratch.h"
#include "tests/fakes/quiet_host.h"
#include "virtiofs.h"

namespace kata::virtiofs::test {

using namespace share::test;

inline std::unique_ptr<Virtiofs> make_instance(const fs::path& state,
                                               const std::string& daemon = "",
                                               const std::string& saved_state = "") {
  static fakes::QuietHost host;
  const std::string config = concat(R"({"virtio_fs_daemon":")", daemon, R"("})");
  auto made = Virtiofs::create({host, config, "test", state, saved_state});
  REQUIRE_MESSAGE(made.ok(), made.error().message);
  return made.take();
}

inline VhostUserFs start(Virtiofs& instance) {
  auto started = instance.start(in_seconds(20));
  REQUIRE_MESSAGE(started.ok(), started.error().message);
  return std::get<VhostUserFs>(started.value().device.value());
}

inline bool process_exists(pid_t pid) {
  const std::string status = read_text(concat("/proc/", pid, "/status"));
  return !status.empty() && status.find("State:\tZ") == std::string::npos;
}

inline pid_t daemon_pid(const Virtiofs& instance) {
  return record_from_json(instance.save_state().value()).value().pid;
}

// The process of the daemon that serves, in its sandbox; 0 before it has one.
inline pid_t sandboxed_pid(pid_t daemon) {
  const std::string children = read_text(concat("/proc/", daemon, "/task/", daemon, "/children"));
  return children.empty() ? 0 : static_cast<pid_t>(std::stol(children));
}

}  // namespace kata::virtiofs::test
