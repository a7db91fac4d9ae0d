// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kata/result.h"

namespace kata::sandbox {

// The path of another program of this project: beside this one, or in the libexec directory of the
// same installation. Never by PATH: it will run as root.
Result<std::string> companion(const std::string& name);

}  // namespace kata::sandbox
