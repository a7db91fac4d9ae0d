// SPDX-License-Identifier: Apache-2.0
//
// The Task API of a shim as containerd calls it, one call at a time. A call that fails ends the
// bench.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/agent/wire.h"
#include "containerd/task.pb.h"

namespace kata::bench {

inline constexpr const char* kTaskService = "containerd.task.v2.Task";

struct NewTask {
  std::string id{};
  std::filesystem::path bundle{};  // rootfs/ and config.json
  std::filesystem::path rootfs{};  // what is mounted on rootfs/
  std::filesystem::path configuration{};
};

class TaskClient {
 public:
  explicit TaskClient(Wire wire) : wire_(std::move(wire)) {}

  void create(const NewTask& task);
  void start(const std::string& id, const std::string& exec_id = {});
  void exec(const std::string& id, const std::string& exec_id,
            const std::vector<std::string>& args);  // does not start it
  std::uint32_t wait(const std::string& id, const std::string& exec_id = {});
  void kill(const std::string& id);
  void remove(const std::string& id, const std::string& exec_id = {});
  void shut_down();  // until the shim has hung up: runc's may end before it has answered
  containerd::task::ConnectResponse connect();

  // The whole of a call of `method` that has nothing but a container's id, for Wire::send().
  static std::string frame(const char* method, const std::string& id);
  Wire& wire() { return wire_; }

 private:
  Wire wire_;
};

}  // namespace kata::bench
