// SPDX-License-Identifier: Apache-2.0
//
// OCI runtimes side by side, each with one container that sleeps and as many more as `list` shall
// find: copies of that one's record under other names. Ours has records only; no VM runs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/agent/world.h"

namespace kata::bench {

class CliRuntime {
 public:
  virtual ~CliRuntime() = default;

  // Its argv with --root.
  std::vector<std::string> command(const std::vector<std::string>& verb) const;
  const std::string& program() const { return program_; }
  bool installed() const;

  // "c0" to "c<count - 1>" are there after this, and no other.
  virtual void show_containers(int count) = 0;

 protected:
  CliRuntime(std::string program, std::filesystem::path root)
      : program_(std::move(program)), root_(std::move(root)) {}
  const std::filesystem::path& root() const { return root_; }

 private:
  std::string program_;
  std::filesystem::path root_;
};

class OurRecords final : public CliRuntime {
 public:
  explicit OurRecords(const World& world);
  void show_containers(int count) override;
};

// crun or runc: `record` is the file of a container's record in its directory.
class PeerRecords final : public CliRuntime {
 public:
  PeerRecords(const World& world, std::string program, std::string record);
  ~PeerRecords() override;
  PeerRecords(const PeerRecords&) = delete;
  PeerRecords& operator=(const PeerRecords&) = delete;
  void show_containers(int count) override;

 private:
  std::string record_;
};

}  // namespace kata::bench
