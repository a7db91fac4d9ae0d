// SPDX-License-Identifier: Apache-2.0
//
// The voice of a refused plugin: "<check>: expected …, found …; <remedy>", one line. The caller
// puts "plugin '<file>'" in front.
#pragma once

#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::plugin_host {

Error refused(std::string_view check, std::string_view expected, std::string_view found,
              std::string_view remedy);

// Text out of a plugin file, fit for one line: control characters become '?', the length is
// bounded.
std::string printable(std::string_view text);

}  // namespace kata::plugin_host
