// SPDX-License-Identifier: Apache-2.0
//
// The process that `exec` asks for: the container's own or a file's, with the flags' changes.
#pragma once

#include "kata/result.h"
#include "programs/kata-runtime/command_line.h"
#include "protocol/agent.pb.h"
#include "protocol/oci.pb.h"

namespace kata::runtime {

// "uid[:gid]" as numbers. When one of them is a name, the text goes to `username` for the guest to
// look up, and the groups that `user` had are not kept.
Result<void> set_user(const std::string& text, grpc::User& user);

// `username` for the agent: user, group and, by their numbers, the additional groups.
void set_string_user(const grpc::User& user, grpc::StringUser& names);

// `line` has the flags of exec; its operands after the id are the command.
Result<void> apply_exec_flags(const CommandLine& line, grpc::Process& process);

}  // namespace kata::runtime
