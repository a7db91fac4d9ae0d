// SPDX-License-Identifier: Apache-2.0
//
// QEMU by itself with our kernel and initrd, whose init says READY and ends the machine at once:
// what a VM costs without a runtime.
#pragma once

#include <filesystem>
#include <string>

namespace kata::bench {

// The words that one types by hand.
inline constexpr const char* kPlainKernelWords = "console=ttyS0 quiet panic=-1 reboot=t";

struct BareTimes {  // seconds from the start of QEMU
  double ready = 0, end = 0;
};

class BareMachine {
 public:
  // Makes its initrd in `directory`: ours with a second archive behind it that replaces /init.
  explicit BareMachine(const std::filesystem::path& directory);

  // Ends the bench when READY does not come.
  BareTimes boot(const std::string& kernel_words) const;

 private:
  std::filesystem::path initrd_;
};

}  // namespace kata::bench
