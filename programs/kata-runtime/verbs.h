// SPDX-License-Identifier: Apache-2.0
//
// Each verb is in the file of its name.
#pragma once

#include "programs/kata-runtime/verb.h"

namespace kata::runtime {

Verb run_container_verb();
Verb create_verb();
Verb start_verb();
Verb state_verb();
Verb kill_verb();
Verb delete_verb();
Verb exec_verb();
Verb list_verb();
Verb ps_verb();
Verb pause_verb();
Verb resume_verb();
Verb update_verb();
Verb events_verb();
Verb features_verb();
Verb check_verb();
Verb env_verb();
Verb gc_verb();
Verb metrics_verb();
Verb iptables_verb();
Verb checkpoint_verb();
Verb restore_verb();
Verb spec_verb();
Verb version_verb();
Verb config_verb();
Verb plugin_verb();
Verb clean_up_verb();  // of the plugin helper only

}  // namespace kata::runtime
