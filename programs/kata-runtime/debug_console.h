// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kata/result.h"
#include "sandbox/store.h"

namespace kata::runtime {

// The debug console of a guest, by the id of its sandbox or of a container in it, on standard input
// and output until one end closes. A terminal is raw meanwhile; its size stays the host's business.
// The exit code.
Result<int> use_debug_console(const sandbox::Store& store, const std::string& id);

}  // namespace kata::runtime
