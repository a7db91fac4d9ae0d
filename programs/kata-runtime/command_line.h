// SPDX-License-Identifier: Apache-2.0
//
// One level of a command line: flags, then operands. Flags are --name value, --name=value, -n value
// or -nvalue; -- ends them. Also the manual that --help prints.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::runtime {

using Words = std::vector<std::string>;

// Which words belong to the flags: all before --, or all before the first operand (what follows is
// somebody else's command line).
enum class Flags { kAnywhere, kBeforeOperands };

struct CommandLine {
  boost::program_options::variables_map flags{};
  Words operands{};

  bool has(const char* flag) const { return flags.count(flag) != 0; }
  bool is_set(const char* flag) const { return has(flag) && flags[flag].as<bool>(); }
  std::string text(const char* flag) const {
    return has(flag) ? flags[flag].as<std::string>() : std::string();
  }
  Words texts(const char* flag) const { return has(flag) ? flags[flag].as<Words>() : Words(); }
};

Result<CommandLine> parse_command_line(const boost::program_options::options_description& known,
                                       const Words& words, Flags place);

}  // namespace kata::runtime
