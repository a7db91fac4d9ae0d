// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/refusal.h"

#include "kata/concat.h"

namespace kata::plugin_host {

namespace {
constexpr std::size_t kLongest = 300;
}

Error refused(std::string_view check, std::string_view expected, std::string_view found,
              std::string_view remedy) {
  return make_error(ErrorCode::kFailedPrecondition,
                    concat(check, ": expected ", expected, ", found ", found, "; ", remedy));
}

std::string printable(std::string_view text) {
  std::string line(text.substr(0, kLongest));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  if (text.size() > kLongest) line += "...";
  return line;
}

}  // namespace kata::plugin_host
