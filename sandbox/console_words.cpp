// SPDX-License-Identifier: Apache-2.0
#include "sandbox/console_words.h"

#include "kata/concat.h"

namespace kata::sandbox {
namespace {

constexpr std::uint32_t kConsoleLines = 5;

}  // namespace

std::string console_words(const Hypervisor& hypervisor) {
  auto tail = hypervisor.console_tail(kConsoleLines);
  if (!tail.ok() || tail.value().empty()) return {};
  std::string text = tail.take();
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  std::string line;
  for (const char c : text) {
    if (c == '\n')
      line += " | ";
    else
      line += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? ' ' : c;
  }
  return concat("; the guest's console ends: ", line);
}

}  // namespace kata::sandbox
