// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/version.h"

#include <cstdio>

#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

Verb version_verb() {
  Verb verb;
  verb.name = "version";
  verb.summary = "print the version";
  verb.description = "Prints the version of kata-runtime and of the OCI specification it follows.";
  verb.exit_status = "0.";
  verb.least_operands = verb.most_operands = 0;
  verb.run = [](const Globals&, const CommandLine&) -> Result<int> {
    std::fputs(version_text().c_str(), stdout);
    return 0;
  };
  return verb;
}

}  // namespace kata::runtime
