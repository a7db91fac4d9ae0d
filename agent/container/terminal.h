// SPDX-License-Identifier: Apache-2.0
//
// A terminal out of the container's own devpts, so that tty(1), /dev/console and job control find
// it where the workload looks. The rootfs may be hostile: what is no devpts is not used.
#pragma once

#include <cstdint>
#include <optional>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

struct ContainerTerminal {
  UniqueFd master{}, slave{};
  unsigned number = 0;  // its name below /dev/pts
};

// None where the container has no devpts on /dev/pts. `root` is the container's root.
Result<std::optional<ContainerTerminal>> open_terminal(int root);

// As standard input, output and error of the caller.
Result<void> use_as_stdio(const ContainerTerminal& terminal);

// A descriptor and one byte with it, over a unix socket.
Result<void> send_descriptor(int socket, char mark, int fd);
// The byte, and the descriptor if there is one: 0 at the end of the stream.
Result<char> receive_mark(int socket, UniqueFd& fd);

}  // namespace kata::agent
