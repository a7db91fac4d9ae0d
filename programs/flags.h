// SPDX-License-Identifier: Apache-2.0
//
// The command line of a program that takes flags and no other words.
#pragma once

#include <boost/program_options.hpp>

#include "kata/concat.h"
#include "kata/result.h"

namespace kata {

// The flags as they were described, or kInvalidArgument with the flag's name.
inline Result<boost::program_options::variables_map> parse_flags(
    int argc, const char* const* argv,
    const boost::program_options::options_description& described) {
  namespace po = boost::program_options;
  try {
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv)
                  .options(described)
                  .positional(po::positional_options_description())
                  .run(),
              values);
    return values;
  } catch (const po::error& error) {
    return make_error(ErrorCode::kInvalidArgument, concat(error.what(), ": see --help"));
  }
}

}  // namespace kata
