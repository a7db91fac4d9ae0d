// SPDX-License-Identifier: Apache-2.0
//
// What belongs to the process and not to a plugin: working directory, locale, signal mask, signal
// actions, open descriptors. A plugin that changes them while it is loaded and made is refused, and
// they are as before.
#pragma once

#include <signal.h>

#include <array>
#include <bitset>
#include <string>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::plugin_host {

class Manners {
 public:
  Manners();  // looks

  // Looks again, puts right what can be, and says what was changed first.
  Result<void> check() const;

 private:
  static constexpr int kSignals = 32;          // those below the real-time ones
  static constexpr std::size_t kWatched = 64;  // descriptors

  Result<void> check_directory() const;
  Result<void> check_locale() const;
  Result<void> check_signals() const;
  Result<void> check_descriptors() const;

  UniqueFd directory_{};
  std::string directory_name_{}, locale_{};
  sigset_t mask_{};
  std::array<struct sigaction, kSignals> actions_{};
  std::bitset<kWatched> open_{};
};

}  // namespace kata::plugin_host
