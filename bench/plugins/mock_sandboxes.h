// SPDX-License-Identifier: Apache-2.0
//
// Sandboxes without VMs for a measurement: kata-runtime with hypervisor "mock", in a directory that
// goes with the object, and two bundles.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/harness/runtime.h"

namespace kata::bench {

class MockSandboxes {
 public:
  // `programs`: where kata-runtime, kata-proxy and kata-shim are.
  explicit MockSandboxes(const std::filesystem::path& programs);

  // argv of kata-runtime with --root and --config.
  std::vector<std::string> command(const std::vector<std::string>& verb) const;

  // Runs a verb to its end. Fails the bench when it fails.
  std::string run(const std::vector<std::string>& verb) const;

  const std::filesystem::path& sleeper() const { return sleeper_; }  // a bundle that stays
  const std::filesystem::path& quick() const { return quick_; }      // one that ends at once
  std::filesystem::path root() const { return runtime_.root(); }
  std::filesystem::path directory() const { return runtime_.directory(); }

 private:
  std::filesystem::path programs_;
  test::Runtime runtime_{};
  std::filesystem::path sleeper_{}, quick_{};
};

}  // namespace kata::bench
