// SPDX-License-Identifier: Apache-2.0
//
// A line of the shell, or of -c, cut into words as sh does: blanks part them, quotes and
// backslashes keep them together. JSON needs no quotes: from a '{' or '[' at the beginning of a
// word, behind "json://" or behind '=', the word reaches to the matching bracket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::agentctl {

using Words = std::vector<std::string>;

// A '#' at the beginning of a word ends the line.
Result<Words> split_line(std::string_view line);

}  // namespace kata::agentctl
