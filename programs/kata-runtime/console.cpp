// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/console.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::runtime {
namespace {

Result<void> send_fd(int socket, int fd, std::string text) {
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return errno_error("send the terminal", errno);
  return {};
}

}  // namespace

Result<UniqueFd> open_console(const std::filesystem::path& socket, ConsoleSize size) {
  const std::string action = concat("--console-socket '", socket, "'");
  const UniqueFd peer = KATA_TRY(connect_unix(socket), action);
  const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0)
    return errno_error(concat(action, ": open a pseudo-terminal"), errno);
  char name[64];
  if (const int number = ::ptsname_r(master.get(), name, sizeof name); number != 0)
    return errno_error(concat(action, ": name the pseudo-terminal"), number);
  UniqueFd slave(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) return errno_error(concat(action, ": open '", name, "'"), errno);
  if (size.rows != 0 && size.columns != 0) {
    winsize window{};
    window.ws_row = static_cast<unsigned short>(size.rows);
    window.ws_col = static_cast<unsigned short>(size.columns);
    ::ioctl(slave.get(), TIOCSWINSZ, &window);
  }
  KATA_TRY(send_fd(peer.get(), master.get(), name), action);
  return slave;
}

}  // namespace kata::runtime
