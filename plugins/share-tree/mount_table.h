// SPDX-License-Identifier: Apache-2.0
//
// The kernel's table of mounts, /proc/<pid>/mountinfo, as text. A mount point's name may have been
// chosen by a guest, so the text is parsed as hostile input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kata::share {

// The mount points strictly below `directory`, relative to it and unescaped, in the table's order.
// Lines that are not understood are skipped.
std::vector<std::string> mounts_below(std::string_view mountinfo, std::string_view directory);

}  // namespace kata::share
