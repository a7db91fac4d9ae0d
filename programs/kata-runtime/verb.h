// SPDX-License-Identifier: Apache-2.0
//
// A verb of kata-runtime: its manual, its flags, and what it does. A verb's file defines one
// function that returns it; verbs.cpp lists them all.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <string_view>
#include <vector>

#include "kata/result.h"
#include "programs/kata-runtime/command_line.h"
#include "programs/kata-runtime/globals.h"

namespace kata::runtime {

struct Verb {
  std::string_view name{}, operands{}, summary{}, description{}, exit_status{}, examples{};
  std::size_t least_operands = 1, most_operands = 1;
  Flags place = Flags::kAnywhere;
  int failure = 1;  // the program's exit code when run() has an error
  void (*add_flags)(boost::program_options::options_description& flags) = nullptr;
  Result<int> (*run)(const Globals& globals, const CommandLine& line) = nullptr;
};

// The verbs of this program. kata-runtime and its plugin helper have different ones.
const std::vector<Verb>& all_verbs();

// Parses the words after the verb's name and runs it, or prints its manual. The exit code.
Result<int> run_verb(const Verb& verb, const Globals& globals, const Words& words);

// The whole program: globals, the verb, errors to stderr and to the log. The exit code.
int run_program(const char* program, const Words& words);

}  // namespace kata::runtime
