// SPDX-License-Identifier: Apache-2.0
//
// Other runtimes, each with a container that sleeps, for exec'ing in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/agent/subject.h"
#include "bench/agent/world.h"

namespace kata::bench {

class Crun {
 public:
  static std::unique_ptr<Crun> start(const World& world);  // null: not installed
  ~Crun();
  Crun(const Crun&) = delete;
  Crun& operator=(const Crun&) = delete;

  void exec(const std::vector<std::string>& args) const;

 private:
  explicit Crun(const World& world);
  std::vector<std::string> command(const std::vector<std::string>& verb) const;
  std::string root_;
};

// Debian's containerd with directories of its own, containerd-shim-runc-v2 and ctr.
class Containerd {
 public:
  static std::unique_ptr<Containerd> start(const World& world);  // null: not installed
  ~Containerd();
  Containerd(const Containerd&) = delete;
  Containerd& operator=(const Containerd&) = delete;

  void exec(const std::vector<std::string>& args);
  // `ctr run --rm FLAGS` of /bin/true in a container of its own.
  void run_true(const std::vector<std::string>& flags);
  std::string events_socket() const;  // where shims tell their events

 private:
  explicit Containerd(const World& world);
  void ctr(const std::vector<std::string>& words) const;
  const World& world_;
  std::string socket_;
  std::optional<Subject> daemon_{};
  int execs_ = 0, runs_ = 0;
};

}  // namespace kata::bench
