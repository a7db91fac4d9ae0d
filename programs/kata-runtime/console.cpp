// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/console.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <string_view>

#include "kata/concat.h"
#include "kata/send_fds.h"
#include "kata/unix_socket.h"

namespace kata::runtime {
namespace {

Result<void> send_fd(int socket, int fd, std::string_view text) {
  while (send_with_fds(socket, text, {&fd, 1}) < 0)
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
