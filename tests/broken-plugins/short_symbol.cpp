// SPDX-License-Identifier: Apache-2.0
//
// A symbol of the right name that is too small to be a descriptor.
#include "tests/broken-plugins/raw_plugin.h"

RAW_NOTE(RAW_FINGERPRINT);
RAW_EXPORT const int kata_plugin_v1 = 1;
