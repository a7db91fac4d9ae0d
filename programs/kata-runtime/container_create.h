// SPDX-License-Identifier: Apache-2.0
//
// Making a container, for `create` and `run`: all of it, or nothing is left.
#pragma once

#include <filesystem>
#include <string>

#include "kata/child_process.h"
#include "kata/result.h"
#include "programs/kata-runtime/globals.h"
#include "sandbox/store.h"

namespace kata::runtime {

struct CreateRequest {
  std::string id{};
  std::filesystem::path bundle{}, console_socket{}, pid_file{};
  bool detached = true;  // false: the shim shares our terminal and our stdio
};

struct Created {
  sandbox::ContainerRecord record{};
  ChildProcess shim{};
};

Result<Created> create_container(const Globals& globals, const CreateRequest& request);

// Lets the workload of a created container go, and records that.
Result<void> start_container(const Globals& globals, sandbox::ContainerRecord record);

}  // namespace kata::runtime
