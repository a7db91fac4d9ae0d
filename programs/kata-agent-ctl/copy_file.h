// SPDX-License-Identifier: Apache-2.0
//
// CopyFile with src= and dest=: a file of this machine as the requests that carry it.
#pragma once

#include <functional>
#include <string>

#include "kata/result.h"
#include "programs/kata-agent-ctl/schema.h"
#include "programs/kata-agent-ctl/words.h"

namespace kata::agentctl {

struct CopySource {
  std::string source{};  // empty: the words name no src, and the request is an ordinary one
  std::string destination{};
};

// Takes src= and dest= out of the words, and out of a JSON object that has nothing else.
Result<CopySource> take_copy_source(Words& words);

// Fills the request with one part after the other and has it sent: a regular file in chunks, a
// directory (itself, not what is in it) or a symbolic link in one. Fields that are set already,
// such as uid, are kept. Stops at the first error of `send`.
Result<void> copy_file(const CopySource& copy, Message& request,
                       const std::function<Result<void>(const Message&)>& send);

}  // namespace kata::agentctl
