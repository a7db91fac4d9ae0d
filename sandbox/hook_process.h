// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kata/result.h"
#include "sandbox/timed_program.h"

namespace kata::sandbox {

// Until it has ended with code 0. Else an error that says how it ended, with the last line it
// printed.
Result<void> run_hook(const TimedProgram& hook);

}  // namespace kata::sandbox
