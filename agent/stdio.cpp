// SPDX-License-Identifier: Apache-2.0
#include "agent/stdio.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace kata::agent {
namespace {

struct Pipe {
  UniqueFd read{}, write{};
};

Result<void> set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return errno_error("make a descriptor non-blocking", errno);
  return {};
}

Result<Pipe> make_pipe(std::uint32_t size) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return errno_error("make a pipe", errno);
  Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
  if (size != 0 && ::fcntl(fds[0], F_SETPIPE_SZ, static_cast<int>(size)) < 0)
    return errno_error("set the size of a pipe (agent.container_pipe_size)", errno);
  return pipe;
}

// A larger pipe than the kernel's 64 KiB: a writer and the host take turns less often. Where the
// kernel refuses, its own size will do.
Result<Pipe> make_output_pipe(std::uint32_t size) {
  constexpr int kDefaultSize = 256 << 10;
  Pipe pipe = KATA_TRY(make_pipe(size), "");
  if (size == 0) (void)::fcntl(pipe.read.get(), F_SETPIPE_SZ, kDefaultSize);
  return pipe;
}

Result<UniqueFd> duplicate(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) return errno_error("duplicate a descriptor", errno);
  return copy;
}

}  // namespace

Result<StdioPair> make_pipes(std::uint32_t pipe_size) {
  Pipe in = KATA_TRY(make_pipe(pipe_size), "stdin");
  Pipe out = KATA_TRY(make_output_pipe(pipe_size), "stdout");
  Pipe err = KATA_TRY(make_output_pipe(pipe_size), "stderr");
  for (const int fd : {in.write.get(), out.read.get(), err.read.get()})
    KATA_TRY(set_nonblocking(fd), "");
  return StdioPair{
      {std::move(in.read), std::move(out.write), std::move(err.write)},
      {std::move(in.write), std::move(out.read), std::move(err.read), false},
  };
}

Result<StdioPair> make_terminal(std::uint32_t rows, std::uint32_t columns) {
  UniqueFd master(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!master) return errno_error("open '/dev/ptmx'", errno);
  const int unlock = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &unlock) != 0) return errno_error("unlock terminal", errno);
  UniqueFd slave(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) return errno_error("open the process's side of the terminal", errno);
  if (rows != 0 && columns != 0) KATA_TRY(resize_terminal(master.get(), rows, columns), "");

  StdioPair pair;
  pair.process.in = KATA_TRY(duplicate(slave.get()), "");
  pair.process.out = KATA_TRY(duplicate(slave.get()), "");
  pair.process.err = std::move(slave);
  pair.agent.in = KATA_TRY(duplicate(master.get()), "");
  pair.agent.out = std::move(master);
  pair.agent.terminal = true;
  return pair;
}

Result<void> use_terminal(AgentStdio& stdio, UniqueFd master) {
  KATA_TRY(set_nonblocking(master.get()), "");
  stdio.in = KATA_TRY(duplicate(master.get()), "");
  stdio.out = std::move(master);
  return {};
}

Result<void> resize_terminal(int master, std::uint32_t rows, std::uint32_t columns) {
  constexpr std::uint32_t kMost = std::numeric_limits<unsigned short>::max();
  winsize size{};
  size.ws_row = static_cast<unsigned short>(std::min(rows, kMost));
  size.ws_col = static_cast<unsigned short>(std::min(columns, kMost));
  if (::ioctl(master, TIOCSWINSZ, &size) != 0) return errno_error("resize terminal", errno);
  return {};
}

}  // namespace kata::agent
