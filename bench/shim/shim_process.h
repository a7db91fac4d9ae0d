// SPDX-License-Identifier: Apache-2.0
//
// A containerd shim started by hand, as containerd starts it. $TTRPC_ADDRESS says where its events
// go.
#pragma once

#include <filesystem>
#include <string>

#include "bench/shim/task_client.h"
#include "kata/unique_fd.h"

namespace kata::bench {

// `PROGRAM … start` in `bundle`, which gets the FIFO for its log; the address that it prints.
class ShimProcess {
 public:
  ShimProcess(const std::filesystem::path& program, const std::filesystem::path& bundle,
              const std::string& id);

  TaskClient connect() const;

 private:
  UniqueFd log_;  // a FIFO without a reader would block it
  std::string socket_;
};

// The pid of the process below `ancestor`, in any generation, whose program is called `name`.
pid_t descendant(pid_t ancestor, const std::string& name);

}  // namespace kata::bench
