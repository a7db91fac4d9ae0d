// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "programs/kata-runtime/verbs.h"
#include "sandbox/container_state.h"

namespace kata::runtime {

Verb state_verb() {
  Verb verb;
  verb.name = "state";
  verb.operands = "CONTAINER-ID";
  verb.summary = "print a container's state as JSON";
  verb.description =
      "Prints the OCI state: ociVersion, id, pid (0 when stopped), status (creating, created,\n"
      "running, paused or stopped), bundle and annotations; beside them rootfs, created and owner.";
  verb.exit_status = "0; 1 when there is no such container.";
  verb.examples = "  kata-runtime state web | jq -r .status\n";
  verb.run = [](const Globals& globals, const CommandLine& line) -> Result<int> {
    const auto record = KATA_TRY(globals.store().load_container(line.operands[0]), "");
    const std::string text =
        state_json(record).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
    std::fputs(text.c_str(), stdout);
    return 0;
  };
  return verb;
}

}  // namespace kata::runtime
