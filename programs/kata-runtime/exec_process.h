// SPDX-License-Identifier: Apache-2.0
//
// The process that `exec` asks for: the container's own or a file's, with the flags' changes.
#pragma once

#include "kata/result.h"
#include "programs/kata-runtime/command_line.h"
#include "protocol/oci.pb.h"

namespace kata::runtime {

// "uid[:gid]", numbers.
Result<void> set_user(const std::string& text, grpc::User& user);

// `line` has the flags of exec; its operands after the id are the command.
Result<void> apply_exec_flags(const CommandLine& line, grpc::Process& process);

}  // namespace kata::runtime
