// SPDX-License-Identifier: Apache-2.0
//
// A descriptor without create and destroy.
#include "tests/broken-plugins/raw_plugin.h"

RAW_NOTE(RAW_FINGERPRINT);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi, RAW_FINGERPRINT, nullptr,
               nullptr);
