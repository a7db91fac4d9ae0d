// SPDX-License-Identifier: Apache-2.0
//
// What a sandbox could leave on the host, and the difference between two looks at it. Processes are
// ours when they carry the test's marker in their environment, which every descendant inherits;
// paths are ours when they lie below the test's directory; of cgroups, network namespaces, links,
// loop devices and /dev/shm any difference counts.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace kata::test {

inline constexpr const char* kMarkerVariable = "KATA_TEST_MARKER";

struct Snapshot {
  std::set<std::string> entries{};  // "process 12 qemu-system-x86", "mount /x/y", "socket /x/z",
                                    // "file …", "cgroup …", "link …"
};

// `directory` is the test's; `marker` the value of kMarkerVariable that its commands got.
Snapshot take_snapshot(const std::filesystem::path& directory, const std::string& marker);

// What is in `after` and was not in `before`, a line each; empty: no leak.
std::string leaks(const Snapshot& before, const Snapshot& after);

// Looks again until nothing is left or two seconds have passed (a killed process needs a moment to
// vanish).
std::string settled_leaks(const Snapshot& before, const std::filesystem::path& directory,
                          const std::string& marker);

}  // namespace kata::test
