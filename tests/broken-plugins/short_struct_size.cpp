// SPDX-License-Identifier: Apache-2.0
//
// A descriptor that says it is shorter than ours.
#include "tests/broken-plugins/raw_plugin.h"

RAW_NOTE(RAW_FINGERPRINT);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor) - 8, kata::plugin::kAbi, RAW_FINGERPRINT,
               &raw::create, &raw::destroy);
