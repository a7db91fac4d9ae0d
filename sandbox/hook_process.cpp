// SPDX-License-Identifier: Apache-2.0
#include "sandbox/hook_process.h"

#include <sys/wait.h>

#include "kata/concat.h"

namespace kata::sandbox {

namespace {

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return concat("was killed by signal ", WTERMSIG(status));
  return concat("ended with code ", WEXITSTATUS(status));
}

}  // namespace

Result<void> run_hook(const TimedProgram& hook) {
  ProgramEnd end = KATA_TRY(run_timed(hook), "");
  if (WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0) return {};
  const std::string words = last_line(std::move(end.said));
  return make_error(ErrorCode::kInternal,
                    concat(how_it_ended(end.status), words.empty() ? "" : ": ", words));
}

}  // namespace kata::sandbox
