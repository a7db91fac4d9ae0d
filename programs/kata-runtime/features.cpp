// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "programs/kata-runtime/verbs.h"
#include "sandbox/features_json.h"

namespace kata::runtime {

Verb features_verb() {
  Verb verb;
  verb.name = "features";
  verb.summary = "print what of config.json can be honoured, as JSON";
  verb.description =
      "Prints the features document of the OCI runtime specification: versions, hooks, mount\n"
      "options, namespaces, capabilities, cgroups and seccomp. They are the guest's: apparmor and\n"
      "selinux of the host do not confine what runs inside a VM.";
  verb.exit_status = "0.";
  verb.examples = "  kata-runtime features | jq -r '.linux.seccomp.actions[]'\n";
  verb.least_operands = verb.most_operands = 0;
  verb.run = [](const Globals&, const CommandLine&) -> Result<int> {
    std::fputs((sandbox::features_json(KATA_VERSION).dump(4) + '\n').c_str(), stdout);
    return 0;
  };
  return verb;
}

}  // namespace kata::runtime
