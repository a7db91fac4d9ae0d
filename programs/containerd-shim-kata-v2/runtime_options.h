// SPDX-License-Identifier: Apache-2.0
//
// The runtime's options: a message of containerd's configuration that it writes to the standard
// input of `start` and of -info, alone or (2.4) among other parameters, and puts into a Create
// call.
#pragma once

#include <string>
#include <string_view>

#include "containerd/values.pb.h"
#include "kata/result.h"

namespace kata::shim_v2 {

// Until its end. Nothing when it is a terminal: somebody looks at this program by hand.
Result<std::string> read_standard_input();

// Of what containerd wrote to standard input.
Result<containerd::Any> read_options(std::string_view text);

// The configuration file that the options name; empty: none is named. Options of another runtime
// are ignored.
Result<std::string> config_path_of(const containerd::Any& options);

}  // namespace kata::shim_v2
