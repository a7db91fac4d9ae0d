// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/pty.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace kata::test {

Terminal::Terminal(const std::vector<std::string>& argv, const CommandOptions& options,
                   unsigned short rows, unsigned short columns) {
  const winsize size{rows, columns, 0, 0};
  int master = -1;
  pid_ = ::forkpty(&master, nullptr, nullptr, &size);
  if (pid_ < 0) throw std::runtime_error("forkpty failed");
  if (pid_ == 0) {
    for (const auto& [key, value] : options.environment) ::setenv(key.c_str(), value.c_str(), 1);
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  master_.reset(master);
}

Terminal::~Terminal() {
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Terminal::type(const std::string& text) const {
  if (::write(master_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("write to the terminal failed");
}

void Terminal::resize(unsigned short rows, unsigned short columns) const {
  const winsize size{rows, columns, 0, 0};
  ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

void Terminal::read_some(int timeout_ms) {
  pollfd item{master_.get(), POLLIN, 0};
  if (::poll(&item, 1, timeout_ms) <= 0) return;
  char block[4096];
  const ssize_t got = ::read(master_.get(), block, sizeof block);
  if (got > 0)
    seen_.append(block, static_cast<std::size_t>(got));
  else
    pause_briefly();  // EIO: the other side is closed
}

bool Terminal::expect(const std::string& text, std::chrono::seconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const std::size_t at = seen_.find(text, looked_at_);
    if (at != std::string::npos) {
      looked_at_ = at + text.size();
      return true;
    }
    if (std::chrono::steady_clock::now() > end) return false;
    read_some(50);
  }
}

int Terminal::wait(std::chrono::seconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) return 124;
    read_some(20);
  }
  reaped_ = true;
  master_.reset();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace kata::test
