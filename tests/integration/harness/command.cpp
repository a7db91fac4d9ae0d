// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <stdexcept>

#include "kata/child_process.h"
#include "kata/unique_fd.h"

namespace kata::test {
namespace {

struct Pipe {
  UniqueFd read{}, write{};
};

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

[[noreturn]] void exec(const std::vector<std::string>& argv, const CommandOptions& options) {
  for (const auto& [key, value] : options.environment) ::setenv(key.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// One step of the exchange; false when every stream has ended.
class Exchange {
 public:
  Exchange(Pipe in, Pipe out, Pipe err, std::string input)
      : in_(std::move(in.write)),
        out_(std::move(out.read)),
        err_(std::move(err.read)),
        input_(std::move(input)) {
    ::fcntl(in_.get(), F_SETFL, O_NONBLOCK);
    if (input_.empty()) in_.reset();
  }

  void step(int timeout_ms, CommandResult& result) {
    pollfd items[3] = {{in_.get(), POLLOUT, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
    if (::poll(items, 3, timeout_ms) <= 0) return;
    if (items[0].revents != 0) feed();
    if (items[1].revents != 0) drain(out_, result.out);
    if (items[2].revents != 0) drain(err_, result.err);
  }

  // What is left in the pipes after the program has ended, without waiting for daemons that hold
  // them.
  void finish(CommandResult& result) {
    ::fcntl(out_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(err_.get(), F_SETFL, O_NONBLOCK);
    while (out_ && drain(out_, result.out)) {
    }
    while (err_ && drain(err_, result.err)) {
    }
  }

 private:
  void feed() {
    const ssize_t written = ::write(in_.get(), input_.data() + sent_, input_.size() - sent_);
    if (written > 0) sent_ += static_cast<std::size_t>(written);
    if ((written < 0 && errno != EAGAIN) || sent_ == input_.size()) in_.reset();
  }

  static bool drain(UniqueFd& fd, std::string& into) {
    char block[65536];
    const ssize_t got = ::read(fd.get(), block, sizeof block);
    if (got > 0) into.append(block, static_cast<std::size_t>(got));
    if (got == 0) fd.reset();
    return got > 0;
  }

  UniqueFd in_, out_, err_;
  std::string input_;
  std::size_t sent_ = 0;
};

}  // namespace

void pause_briefly() {
  const timespec step{0, 10'000'000};
  ::nanosleep(&step, nullptr);
}

CommandResult run(const std::vector<std::string>& argv, const CommandOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe in = make_pipe(), out = make_pipe(), err = make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(in.read.get(), 0);
    ::dup2(out.write.get(), 1);
    ::dup2(err.write.get(), 2);
    exec(argv, options);
  }
  in.read.reset();
  out.write.reset();
  err.write.reset();
  const UniqueFd pidfd(kata::detail::pidfd_open(pid));
  Exchange exchange(std::move(in), std::move(out), std::move(err), options.input);
  CommandResult result;
  const auto end = std::chrono::steady_clock::now() + options.timeout;
  int status = 0;
  bool timed_out = false;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (!timed_out && std::chrono::steady_clock::now() > end) {
      timed_out = true;
      ::kill(pid, SIGKILL);
    }
    exchange.step(5, result);
  }
  exchange.finish(result);
  result.exit_code = timed_out ? 124 : exit_code_of(status);
  return result;
}

Background::Background(const std::vector<std::string>& argv, const CommandOptions& options,
                       const std::string& output_file) {
  pid_ = ::fork();
  if (pid_ != 0) return;
  const int null = ::open("/dev/null", O_RDONLY);
  const int output = ::open(output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(null, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  exec(argv, options);
}

Background::~Background() {
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int Background::wait(std::chrono::seconds timeout) {
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, timeout)) return 124;
  reaped_ = true;
  return exit_code_of(status);
}

}  // namespace kata::test
