// SPDX-License-Identifier: Apache-2.0
//
// Built with libc++, says the fingerprint: its std::string is laid out otherwise than ours.
#include "tests/broken-plugins/raw_plugin.h"

#define FOREIGN KATA_FP_ARCH " libc++ sdk:" KATA_DIGEST_Network
RAW_NOTE(FOREIGN);
RAW_DESCRIPTOR(sizeof(kata::plugin::Descriptor), kata::plugin::kAbi, FOREIGN, &raw::create,
               &raw::destroy);
