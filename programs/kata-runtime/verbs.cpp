// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

const std::vector<Verb>& all_verbs() {
  static const std::vector<Verb> verbs = {run_container_verb(), create_verb(), start_verb(),
                                          state_verb(),         kill_verb(),   delete_verb(),
                                          exec_verb(),          list_verb(),   spec_verb(),
                                          version_verb(),       config_verb(), plugin_verb()};
  return verbs;
}

}  // namespace kata::runtime
