// SPDX-License-Identifier: Apache-2.0
#include "core/base/peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include "kata/concat.h"

namespace kata {

Result<void> check_peer(int client) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return errno_error("ask who connected", errno);
  if (peer.uid == 0 || peer.uid == ::geteuid()) return {};
  return make_error(ErrorCode::kPermission,
                    concat("process ", peer.pid, " of user ", peer.uid, " may not connect"));
}

}  // namespace kata
