// SPDX-License-Identifier: Apache-2.0
//
// The process's own circumstances, whoever started it: a session of its own, no terminal, quiet
// stdio, signals that only end it on purpose.
#pragma once

#include "kata/result.h"

namespace kata::proxy {

Result<void> set_up_process();

}  // namespace kata::proxy
