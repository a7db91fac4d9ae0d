// SPDX-License-Identifier: Apache-2.0
#include "agent/container/terminal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstring>

#include "kata/beneath.h"
#include "kata/send_fds.h"

namespace kata::agent {
namespace {

constexpr const char* kMultiplexer = "/dev/pts/ptmx";

bool is_multiplexer(int fd) {
  struct statfs filesystem {};
  struct stat found {};
  return ::fstatfs(fd, &filesystem) == 0 && filesystem.f_type == DEVPTS_SUPER_MAGIC &&
         ::fstat(fd, &found) == 0 && S_ISCHR(found.st_mode) && found.st_rdev == makedev(5, 2);
}

}  // namespace

Result<std::optional<ContainerTerminal>> open_terminal(int root) {
  const auto place = open_in_root(root, kMultiplexer, O_PATH | O_NOFOLLOW);
  if (!place.ok() || !is_multiplexer(place.value().get()))
    return std::optional<ContainerTerminal>();
  ContainerTerminal terminal;
  // By its name once more: the way through /proc may be the workload's here.
  terminal.master = KATA_TRY(
      open_in_root(root, kMultiplexer, O_RDWR | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW), kMultiplexer);
  const int unlock = 0;
  if (!is_multiplexer(terminal.master.get()) ||
      ::ioctl(terminal.master.get(), TIOCSPTLCK, &unlock) != 0 ||
      ::ioctl(terminal.master.get(), TIOCGPTN, &terminal.number) != 0)
    return errno_error("open a terminal of the container's '/dev/pts'", errno);
  terminal.slave.reset(::ioctl(terminal.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal.slave) return errno_error("open the process's side of the terminal", errno);
  return std::optional<ContainerTerminal>(std::move(terminal));
}

Result<void> use_as_stdio(const ContainerTerminal& terminal) {
  for (int number = 0; number < 3; ++number)
    if (::dup2(terminal.slave.get(), number) < 0) return errno_error("place stdio", errno);
  return {};
}

Result<void> send_descriptor(int socket, char mark, int fd) {
  if (send_with_fds(socket, {&mark, 1}, {&fd, 1}) != 1)
    return errno_error("send a terminal", errno);
  return {};
}

Result<char> receive_mark(int socket, UniqueFd& fd) {
  char mark = 0;
  iovec text{&mark, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return errno_error("read the child's report", errno);
  const cmsghdr* header = got == 0 ? nullptr : CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header), sizeof number);
    fd.reset(number);
  }
  return mark;
}

}  // namespace kata::agent
