// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

const std::vector<Verb>& all_verbs() {
  static const std::vector<Verb> verbs = {
      run_container_verb(), create_verb(), start_verb(),    state_verb(),      kill_verb(),
      delete_verb(),        exec_verb(),   list_verb(),     ps_verb(),         pause_verb(),
      resume_verb(),        update_verb(), events_verb(),   spec_verb(),       features_verb(),
      version_verb(),       check_verb(),  env_verb(),      config_verb(),     plugin_verb(),
      metrics_verb(),       gc_verb(),     iptables_verb(), checkpoint_verb(), restore_verb()};
  return verbs;
}

}  // namespace kata::runtime
