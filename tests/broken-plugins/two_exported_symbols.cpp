// SPDX-License-Identifier: Apache-2.0
//
// A second exported symbol: linked without the version script, two such plugins could meet in one
// process and share what should be private.
#include "tests/broken-plugins/raw_plugin.h"

RAW_NOTE(RAW_FINGERPRINT);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi, RAW_FINGERPRINT, &raw::create,
               &raw::destroy);
RAW_EXPORT int leaked_symbol() { return 1; }
