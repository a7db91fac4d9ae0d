// SPDX-License-Identifier: Apache-2.0
//
// How the program ends; docs/kata-agent-ctl.md lists it.
#pragma once

#include "kata/result.h"
#include "protocol/ttrpc/status.h"

namespace kata::agentctl {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;   // an argument, a file, a reply that is no message
inline constexpr int kUsage = 2;    // the command line
inline constexpr int kNoAgent = 3;  // not connected, or no longer
inline constexpr int kStatus = 10;  // + the status that the agent answered with
inline constexpr int kLastStatus = 16, kUnknownStatus = 2;
inline constexpr int kInterrupted = 130;

inline int exit_code_of_answer(const Error& error, bool lost) {
  if (lost) return kNoAgent;
  if (error.code == ErrorCode::kCancelled) return kInterrupted;
  const int status = ttrpc::status_code(error);
  return kStatus + (status >= 1 && status <= kLastStatus ? status : kUnknownStatus);
}

}  // namespace kata::agentctl
