// SPDX-License-Identifier: Apache-2.0
#include "agent/process_signals.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace kata::agent;

TEST_CASE("a signal counts as minded when blocked or ignored or caught") {
  constexpr const char* kNone = "Name:\tsh\nSigPnd:\t0000000000004000\nSigBlk:\t0000000000000000\n";
  CHECK_FALSE(minds_signal(kNone, SIGTERM));
  CHECK(minds_signal("Name:\tsh\nSigBlk:\t0000000000004000\n", SIGTERM));
  CHECK(minds_signal("Name:\tsh\nSigIgn:\t0000000000004000\n", SIGTERM));
  CHECK(minds_signal("Name:\tsh\nSigCgt:\t0000000180004002\n", SIGTERM));
  CHECK_FALSE(minds_signal("Name:\tsh\nSigCgt:\t0000000180000002\n", SIGTERM));
  CHECK(minds_signal("Name:\tsh\nSigCgt:\t8000000000000000\n", 64));
}

TEST_CASE("nonsense instead of a status minds nothing") {
  CHECK_FALSE(minds_signal("", SIGTERM));
  CHECK_FALSE(minds_signal("\nSigCgt:\t", SIGTERM));
  CHECK_FALSE(minds_signal("\nSigCgt:\tzz", SIGTERM));
  CHECK_FALSE(minds_signal("\nSigCgt:\tffffffffffffffff", 0));
  CHECK_FALSE(minds_signal("\nSigCgt:\tffffffffffffffff", 65));
}

TEST_CASE("a process that is gone is no error") {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  CHECK(signal_process(pid, SIGKILL).ok());
}

TEST_CASE("only SIGTERM is replaced and only where nobody minds it") {
  const auto replaced = [](void (*action)(int), int number) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::signal(SIGTERM, action);
      [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
      for (;;) ::pause();
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    const int sent = signal_for_init(pid, number);
    ::kill(pid, SIGKILL);
    REQUIRE(::waitpid(pid, nullptr, 0) == pid);
    ::close(ready[0]);
    ::close(ready[1]);
    return sent;
  };
  CHECK(replaced(SIG_DFL, SIGHUP) == SIGHUP);
  CHECK(replaced(SIG_DFL, SIGTERM) == SIGKILL);
  CHECK(replaced(SIG_IGN, SIGTERM) == SIGTERM);
}
