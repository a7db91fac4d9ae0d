// SPDX-License-Identifier: Apache-2.0
//
// create() returns null and leaves the error as it was.
#include "tests/broken-plugins/raw_plugin.h"

RAW_NOTE(RAW_FINGERPRINT);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi, RAW_FINGERPRINT, &raw::create,
               &raw::destroy);
