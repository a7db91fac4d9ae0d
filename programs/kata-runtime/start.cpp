// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/container_create.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

Verb start_verb() {
  Verb verb;
  verb.name = "start";
  verb.operands = "CONTAINER-ID";
  verb.summary = "let the workload of a created container run";
  verb.description = "Executes the program of config.json in a container that 'create' has made.";
  verb.exit_status = "0 when the workload runs; 1 when it does not, or ran before.";
  verb.examples = "  kata-runtime start web\n";
  verb.run = [](const Globals& globals, const CommandLine& line) -> Result<int> {
    auto record = KATA_TRY(globals.store().load_container(line.operands[0]), "");
    KATA_TRY(start_container(globals, std::move(record)), "");
    return 0;
  };
  return verb;
}

}  // namespace kata::runtime
