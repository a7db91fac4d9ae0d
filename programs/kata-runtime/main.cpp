// SPDX-License-Identifier: Apache-2.0
//
// kata-runtime: OCI containers, each in a VM. See --help.
#include <fcntl.h>
#include <unistd.h>

#include "programs/kata-runtime/verb.h"

namespace {

// A descriptor opened later must not become the workload's stdin, stdout or stderr by chance.
void open_missing_standard_fds() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR))
    if (fd > STDERR_FILENO) {
      ::close(fd);
      return;
    }
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_fds();
  return kata::runtime::run_program("kata-runtime", {argv + 1, argv + argc});
}
