// SPDX-License-Identifier: Apache-2.0
//
// kata-ksm-throttler-asleep: the daemon while there is nothing to do. Its arguments are the
// daemon's command line. Static, and only the C library, so that a host pays as little as possible
// for a daemon that waits. See handover.h.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "programs/kata-ksm-throttler/handover_names.h"

extern "C" const char __executable_start, etext;

namespace {

void say(const char* text) {
  if (::write(STDERR_FILENO, text, ::strlen(text)) < 0) return;
}

// The second and the third of four numbers.
bool parse_descriptors(const char* text, pollfd& listener, pollfd& watch) {
  if (text == nullptr) return false;
  int numbers[4];
  for (int& number : numbers) {
    char* end = nullptr;
    number = static_cast<int>(::strtol(text, &end, 10));
    if (end == text) return false;
    text = end;
  }
  listener = {numbers[1], POLLIN, 0};
  watch = {numbers[2], POLLIN, 0};
  return numbers[1] >= 0;
}

int signal_descriptor(sigset_t& signals) {
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return ::signalfd(-1, &signals, SFD_CLOEXEC);
}

// What start-up has touched of the program is not needed for waiting.
void shed_pages() {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t begin = reinterpret_cast<uintptr_t>(&__executable_start) & ~(page - 1);
  const uintptr_t end = reinterpret_cast<uintptr_t>(&etext) & ~(page - 1);
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace

int main(int argc, char** argv) {
  pollfd fds[3];
  if (argc < 2 ||
      !parse_descriptors(::getenv(kata::throttler::kDescriptorsVariable), fds[0], fds[1])) {
    say("kata-ksm-throttler-asleep is a part of kata-ksm-throttler: run that one\n");
    return 2;
  }
  sigset_t signals;
  fds[2] = {signal_descriptor(signals), POLLIN, 0};
  shed_pages();
  while (::poll(fds, 3, -1) <= 0) continue;
  if (fds[2].revents != 0) {
    if (const char* socket = ::getenv(kata::throttler::kSocketVariable)) ::unlink(socket);
    return 0;
  }
  ::execv(argv[1], argv + 1);
  say("kata-ksm-throttler-asleep: cannot start the daemon again: ");
  say(::strerror(errno));
  say("\n");
  return 1;
}
