// SPDX-License-Identifier: Apache-2.0
#include "agent/signals.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace asio = boost::asio;

namespace kata::agent {

Result<std::unique_ptr<Signals>> Signals::install(const asio::any_io_executor& executor) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT}) ::sigaddset(&set, number);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return errno_error("block signals", errno);
  ::signal(SIGPIPE, SIG_IGN);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    return errno_error("become the reaper of orphans", errno);
  const int fd = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return errno_error("make a signal descriptor", errno);
  return std::unique_ptr<Signals>(new Signals(executor, fd));
}

void Signals::watch(std::shared_ptr<Process> process) {
  const pid_t pid = process->pid();
  watched_.insert_or_assign(pid, std::move(process));
}

asio::awaitable<void> Signals::run(std::function<void()> on_terminate) {
  for (;;) {
    const auto [error] = co_await stream_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                     asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    signalfd_siginfo info{};
    bool terminate = false;
    while (::read(stream_.native_handle(), &info, sizeof info) == sizeof info)
      terminate = terminate || info.ssi_signo != SIGCHLD;
    reap();
    if (terminate) on_terminate();
  }
}

void Signals::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0;) {
    const auto entry = watched_.find(pid);
    if (entry == watched_.end()) continue;  // an orphan
    const std::shared_ptr<Process> process = std::move(entry->second);
    watched_.erase(entry);
    process->exited(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
}

}  // namespace kata::agent
