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
Verb spec_verb();
Verb version_verb();
Verb config_verb();
Verb plugin_verb();
Verb clean_up_verb();  // of the plugin helper only

}  // namespace kata::runtime
