// SPDX-License-Identifier: Apache-2.0
//
// The first process of a pod: holds its namespaces until it is told to end, and reaps what is left
// to it.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  for (;;) {
    int number = 0;
    sigwait(&signals, &number);
    if (number != SIGCHLD) return 0;
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}
