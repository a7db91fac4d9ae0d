// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/program_output.h"

#include <unistd.h>

#include "kata/concat.h"
#include "sandbox/timed_program.h"

namespace kata::runtime {

Result<std::string> program_output(const std::vector<std::string>& argv) {
  sandbox::TimedProgram program;
  program.path = argv[0];
  program.args = argv;
  for (char** entry = ::environ; *entry != nullptr; ++entry) program.environment.push_back(*entry);
  program.timeout = std::chrono::seconds(5);
  program.errors_too = false;
  return KATA_TRY(sandbox::run_timed(program), concat("'", argv[0], "'")).said;
}

}  // namespace kata::runtime
