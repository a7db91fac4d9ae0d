// SPDX-License-Identifier: Apache-2.0
//
// What dead sandboxes left on the host: records and directories whose kata-proxy has died, what a
// killed `create` began, and processes whose sandbox is gone. A sandbox whose proxy lives is never
// an orphan, whatever its containers do; one whose record is damaged lives if a process of it does.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "kata/result.h"
#include "programs/kata-runtime/globals.h"
#include "sandbox/store.h"

namespace kata::runtime {

struct Orphan {
  std::string id{};                       // of the sandbox, or of a container without one
  std::vector<std::string> containers{};  // that go with it, itself apart
  sandbox::ProcessRef process{};          // pid 0: a directory; else a process and no directory
  std::string what{}, why{};              // "sandbox 'web'", "its kata-proxy has died"
};

struct OrphanSearch {
  std::vector<Orphan> orphans{};
  std::vector<std::string> unclear{};  // damaged records and the like: reported, never touched
};

// Leaves out what was changed less than `grace` ago, and what a verb is at work on.
Result<OrphanSearch> find_orphans(const sandbox::Store& store, std::chrono::seconds grace,
                                  const std::filesystem::path& proc = "/proc");

// Idempotent.
Result<void> remove_orphan(const Globals& globals, const Orphan& orphan);

}  // namespace kata::runtime
