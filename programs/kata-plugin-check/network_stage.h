// SPDX-License-Identifier: Apache-2.0
//
// A pod's network namespace for a case: a veth pair with an address, a default route and a
// neighbour, made by iproute2.
#pragma once

#include <string>

#include "kata/unique_fd.h"
#include "programs/kata-plugin-check/suite.h"

namespace kata::check {

class NetworkStage {
 public:
  static Result<NetworkStage> make();

  std::filesystem::path path() const { return concat("/proc/self/fd/", namespace_.get()); }

  // Runs a program of iproute2 inside; its output.
  Result<std::string> run(std::vector<std::string> argv) const;

  // Links, addresses, routes, neighbours and queueing disciplines, as text.
  Result<std::string> picture() const;

 private:
  Result<void> wait_for_carrier() const;

  explicit NetworkStage(UniqueFd fd) : namespace_(std::move(fd)) {}
  UniqueFd namespace_;
};

// Why this host has no such stage; null: it has.
const char* no_network_stage(const Workplace& workplace);

}  // namespace kata::check
