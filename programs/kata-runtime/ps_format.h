// SPDX-License-Identifier: Apache-2.0
//
// What ps(1) prints, for processes that ps(1) of the host cannot see.
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "kata/result.h"
#include "programs/kata-runtime/command_line.h"
#include "programs/kata-runtime/guest_process.h"

namespace kata::runtime {

struct PsColumn {
  std::string field{}, header{};  // "pcpu", "%CPU"
};

// The options of ps: -e, -A, -f and -o, together and joined as ps takes them ("-eo pid,args", "-o
// pid=P"). Without any, those of -ef. kInvalidArgument names the option or field and what there is.
Result<std::vector<PsColumn>> ps_columns(const Words& options);

std::string ps_table(const std::vector<PsColumn>& columns,
                     const std::vector<GuestProcess>& processes, std::time_t now);

}  // namespace kata::runtime
