// SPDX-License-Identifier: Apache-2.0
#include "bind_share.h"
#include "kata/plugin/export.h"

KATA_PLUGIN(SharedFilesystem, kata::bind::BindShare, "bind", "0.1.0", "kata", "Apache-2.0",
            "Shares host directories with a guest that has no machine of its own",
            kata::plugin::kNoConfig);
