// SPDX-License-Identifier: Apache-2.0
//
// A descriptor of another version of descriptor.h.
#include "tests/broken-plugins/raw_plugin.h"

RAW_NOTE(RAW_FINGERPRINT);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi + 1, RAW_FINGERPRINT,
               &raw::create, &raw::destroy);
