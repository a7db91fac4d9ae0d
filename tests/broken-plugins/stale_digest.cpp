// SPDX-License-Identifier: Apache-2.0
//
// Built against other headers of the interface.
#include "tests/broken-plugins/raw_plugin.h"

#define STALE KATA_FP_ARCH KATA_FP_STDLIB KATA_FP_DEBUG KATA_FP_SANITIZER " sdk:0123456789abcdef"
RAW_NOTE(STALE);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi, STALE, &raw::create,
               &raw::destroy);
