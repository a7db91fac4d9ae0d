// SPDX-License-Identifier: Apache-2.0
//
// The file with the guest's console, whose last lines are still told when the file has gone.
// Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>

namespace kata::vmm {

class GuestConsole {
 public:
  explicit GuestConsole(std::filesystem::path log) : log_(std::move(log)) {}

  std::string tail(std::uint32_t lines) const;
  void remove_file();

 private:
  const std::filesystem::path log_;
  mutable std::mutex mutex_{};
  std::string last_{};  // the end of a file that was removed
};

}  // namespace kata::vmm
