// SPDX-License-Identifier: Apache-2.0
//
// A descriptor without a note: an ordinary library, or a plugin made without KATA_PLUGIN.
#include "tests/broken-plugins/raw_plugin.h"

RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi, RAW_FINGERPRINT, &raw::create,
               &raw::destroy);
