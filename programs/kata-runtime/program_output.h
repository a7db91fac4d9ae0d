// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::runtime {

// What a program prints on its standard output, however it ends: the last 4 KiB. kTimeout when it
// has not ended after 5 s; it is killed then. It has this program's environment.
Result<std::string> program_output(const std::vector<std::string>& argv);

}  // namespace kata::runtime
