// SPDX-License-Identifier: Apache-2.0
//
// A note without a descriptor.
#include "tests/broken-plugins/raw_plugin.h"

RAW_NOTE(RAW_FINGERPRINT);
RAW_EXPORT const int something_else = 1;
