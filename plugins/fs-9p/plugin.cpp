// SPDX-License-Identifier: Apache-2.0
#include "kata/plugin/export.h"
#include "plan9.h"

namespace {

constexpr kata::plugin::ConfigField kConfig[] = {
    {"msize_9p", "integer", "262144", "Bytes of the largest message: 8192 to 512000."},
    {"cache_9p", "string", R"("mmap")",
     "What the guest keeps of what it has read: none, mmap or loose."},
};

}  // namespace

KATA_PLUGIN(SharedFilesystem, kata::plan9::Plan9, "9p", "0.1.0", "kata", "Apache-2.0",
            "Shares host directories with the guest through the VMM's own 9p server", kConfig);
