// SPDX-License-Identifier: Apache-2.0
//
// Needs a library that is not installed.
#include "tests/broken-plugins/raw_plugin.h"

extern "C" int function_of_the_dependency();

namespace {
void destroy(void* /*instance*/) noexcept { function_of_the_dependency(); }
}  // namespace

RAW_NOTE(RAW_FINGERPRINT);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi, RAW_FINGERPRINT, &raw::create,
               &destroy);
