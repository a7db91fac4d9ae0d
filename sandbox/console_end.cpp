// SPDX-License-Identifier: Apache-2.0
#include "sandbox/console_end.h"

#include <algorithm>

#include "protocol/console_end.h"

namespace kata::sandbox {

std::string ConsoleEndFinder::take(std::string_view data) {
  if (seen_) return {};
  held_ += data;
  std::size_t shown = held_.find(kConsoleEnd);
  seen_ = shown != std::string::npos;
  if (!seen_) {
    std::size_t kept = std::min(held_.size(), kConsoleEnd.size() - 1);
    while (!held_.ends_with(kConsoleEnd.substr(0, kept))) --kept;
    shown = held_.size() - kept;
  }
  std::string text = held_.substr(0, shown);
  held_.erase(0, shown);
  return text;
}

}  // namespace kata::sandbox
