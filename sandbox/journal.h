// SPDX-License-Identifier: Apache-2.0
//
// The sandbox's record on disk as its proxy writes it: each plugin's state after each of its steps,
// so that `delete --force` can undo a bring-up that was killed at any point. Threads: any.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "kata/result.h"
#include "sandbox/store.h"

namespace kata::sandbox {

class Journal {
 public:
  Journal(Store store, SandboxRecord record)
      : store_(std::move(store)), record_(std::move(record)) {}

  Result<void> write_proxy(ProcessRef proxy);
  Result<void> write_netns(std::string path);
  Result<void> write_cgroups(SandboxCgroups cgroups);
  Result<void> write_vmm(ProcessRef vmm);
  Result<void> write_failure(std::string reason);
  Result<void> write_plugin_state(std::string_view interface_name, Result<std::string> state);

 private:
  template <class Change>
  Result<void> write(Change change) {
    const std::lock_guard lock(mutex_);
    change(record_);
    return store_.save(record_);
  }

  std::mutex mutex_{};
  Store store_;
  SandboxRecord record_;
};

}  // namespace kata::sandbox
