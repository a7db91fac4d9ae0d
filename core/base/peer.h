// SPDX-License-Identifier: Apache-2.0
//
// Who is at the other end of a unix socket.
#pragma once

#include "kata/result.h"

namespace kata {

// kPermission unless the process that connected belongs to root or to this process's user.
Result<void> check_peer(int client);

}  // namespace kata
