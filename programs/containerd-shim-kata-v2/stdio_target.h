// SPDX-License-Identifier: Apache-2.0
//
// Where the output of a process goes, as containerd's client names it: the path of a FIFO, or a URI
// fifo:///p, file:///p (appended to) or binary:///p?key=value (a logger that is started). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::shim_v2 {

struct StdioTarget {
  enum class Kind { kNone, kFifo, kFile, kBinary };
  Kind kind = Kind::kNone;
  std::string path{};                    // absolute
  std::vector<std::string> arguments{};  // of a logger: key, value, key, value …
  friend bool operator==(const StdioTarget&, const StdioTarget&) = default;
};

Result<StdioTarget> parse_stdio_target(std::string_view uri);

}  // namespace kata::shim_v2
