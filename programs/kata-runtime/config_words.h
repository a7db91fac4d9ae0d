// SPDX-License-Identifier: Apache-2.0
//
// The manuals of the verbs that two programs answer: kata-runtime hands them on to
// kata-runtime-plugins.
#pragma once

#include "programs/kata-runtime/verb.h"

namespace kata::runtime {

Verb config_manual();
Verb plugin_manual();

}  // namespace kata::runtime
