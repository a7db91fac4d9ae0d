// SPDX-License-Identifier: Apache-2.0
//
// Where rows are run: a mount namespace of this process's own, a directory below /tmp, and a bundle
// made anew for each run. Everything goes with the object.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "kata/unique_fd.h"
#include "tests/conformance/oci/row.h"

namespace kata::conformance {

// A mount namespace without the mount of cgroup version 2 beside those of version 1, which crun
// does not take; with "v2" only that one is there, as "/sys/fs/cgroup". Once per process and view.
class Stage {
 public:
  explicit Stage(const std::string& view);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  const std::filesystem::path& directory() const noexcept { return directory_; }

 private:
  std::filesystem::path directory_;
  UniqueFd before_{};               // the mount namespace to return to
  std::string delegated_ = "none";  // controllers of version 2, as they were; "none": not looked at
};

// rootfs/, config.json and what the row's "prepare" makes. The destructor removes it with every
// mount below.
class RowBundle {
 public:
  RowBundle(const Stage& stage, const Row& row, const std::string& runtime);
  ~RowBundle();
  RowBundle(const RowBundle&) = delete;
  RowBundle& operator=(const RowBundle&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  const nlohmann::json& spec() const noexcept { return spec_; }
  const std::string& id() const noexcept { return id_; }

  std::string after() const;                    // the output of the row's "after"
  std::string neutral(std::string text) const;  // without this run's names

 private:
  const Row& row_;
  std::string id_, cgroup_;
  std::filesystem::path path_;
  nlohmann::json spec_{};
};

// A pipe or a pty read to its end, or for as long as given after `ended` became true.
std::string read_to_end(int fd, std::chrono::milliseconds patience);

// The exit code, or 128 + signal, of a child or orphan of this process; throws when it does not
// end.
int wait_for_process(pid_t pid);

}  // namespace kata::conformance
