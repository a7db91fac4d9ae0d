// SPDX-License-Identifier: Apache-2.0
//
// rm -r for directories in which a guest's files may be mounted: it never crosses a mount and never
// follows a symbolic link.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::sandbox {

// Removes the directory `name` of the open directory `parent`, and all below it; the entries named
// in `last` go after the others, so that a removal that failed half-way can be tried again with
// their help. kFailedPrecondition names a mount that is in the way. Nothing there: success.
Result<void> remove_tree(int parent, const std::string& name, const std::vector<std::string>& last);

}  // namespace kata::sandbox
