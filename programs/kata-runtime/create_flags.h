// SPDX-License-Identifier: Apache-2.0
//
// What `create` and `run` have in common on the command line.
#pragma once

#include <boost/program_options/options_description.hpp>

#include "kata/result.h"
#include "programs/kata-runtime/command_line.h"
#include "programs/kata-runtime/container_create.h"

namespace kata::runtime {

void add_create_flags(boost::program_options::options_description& flags);
Result<CreateRequest> create_request(const CommandLine& line);

}  // namespace kata::runtime
