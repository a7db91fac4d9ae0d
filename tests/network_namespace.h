// SPDX-License-Identifier: Apache-2.0
//
// A network namespace that lives as long as a descriptor of this process, and what iproute2 puts
// into it. At first only lo, which is down. Needs root.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "kata/unique_fd.h"

namespace kata::test {

class NetworkNamespace {
 public:
  NetworkNamespace();

  std::filesystem::path path() const;  // until close(), for every process
  void close() { fd_.reset(); }

  // Runs `command` with a shell inside and returns its output; fails the test when it fails.
  std::string run(const std::string& command) const;
  void inside(const std::function<void()>& work) const;

 private:
  UniqueFd fd_;
};

}  // namespace kata::test
