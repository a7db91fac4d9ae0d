// SPDX-License-Identifier: Apache-2.0
//
// The limits that `update` is given, as the agent takes them: what is not given is not in the
// message, and stays as it is in the guest.
#pragma once

#include <boost/program_options/options_description.hpp>

#include "kata/result.h"
#include "programs/kata-runtime/command_line.h"
#include "protocol/oci.pb.h"

namespace kata::runtime {

void add_resource_flags(boost::program_options::options_description& flags);

// From --resources FILE or - (then, as with runc, the other flags do not count), else from flags.
Result<grpc::LinuxResources> requested_resources(const CommandLine& line);

}  // namespace kata::runtime
