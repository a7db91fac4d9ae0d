// SPDX-License-Identifier: Apache-2.0
//
// Descriptors over a unix socket (unix(7), SCM_RIGHTS).
#pragma once

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>

namespace kata {

inline constexpr std::size_t kMaxSentFds = 253;  // of one message: the kernel's SCM_MAX_FD

// One sendmsg(2), which never raises SIGPIPE: at least one byte of `text`, with which the
// descriptors travel. They stay the caller's. Returns what sendmsg does: the bytes sent, or -1 and
// errno; `flags` as there. Allocates nothing, so a child may call it between fork and exec.
inline ssize_t send_with_fds(int socket, std::string_view text, std::span<const int> fds,
                             int flags = 0) {
  if (text.empty() || fds.size() > kMaxSentFds) {
    errno = EINVAL;
    return -1;
  }
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxSentFds)> control{};
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  return ::sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

}  // namespace kata
