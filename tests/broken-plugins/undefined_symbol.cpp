// SPDX-License-Identifier: Apache-2.0
//
// Calls a function that nobody has: lazy binding would find out in the middle of a VM's life.
#include "tests/broken-plugins/raw_plugin.h"

extern "C" void function_that_nobody_has();

namespace {
void destroy(void* /*instance*/) noexcept { function_that_nobody_has(); }
}  // namespace

RAW_NOTE(RAW_FINGERPRINT);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi, RAW_FINGERPRINT, &raw::create,
               &destroy);
