// SPDX-License-Identifier: Apache-2.0
//
// The note says one fingerprint and the descriptor another.
#include "tests/broken-plugins/raw_plugin.h"

RAW_NOTE(RAW_FINGERPRINT);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi, "x86_64 libc++ sdk:0",
               &raw::create, &raw::destroy);
