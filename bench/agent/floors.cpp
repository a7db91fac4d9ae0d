// SPDX-License-Identifier: Apache-2.0
#include "bench/agent/floors.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "bench/agent/fail.h"
#include "bench/agent/samples.h"
#include "kata/concat.h"

namespace kata::bench {
namespace {

constexpr std::size_t kMessage = 64;
constexpr std::size_t kBlock = 64U << 10;

[[noreturn]] void echo_until_closed(int fd) {
  char message[kMessage];
  for (;;) {
    const ssize_t got = ::read(fd, message, sizeof message);
    if (got <= 0 || ::write(fd, message, static_cast<std::size_t>(got)) != got) ::_exit(0);
  }
}

[[noreturn]] void write_blocks(int fd, std::size_t count) {
  const std::vector<char> block(kBlock, 'x');
  for (; count > 0; --count)
    for (std::size_t done = 0; done < kBlock;) {
      const ssize_t put = ::write(fd, block.data() + done, kBlock - done);
      if (put <= 0) ::_exit(1);
      done += static_cast<std::size_t>(put);
    }
  ::_exit(0);
}

}  // namespace

RawEcho::RawEcho() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail("socketpair");
  stream_.reset(ends[0]);
  const UniqueFd theirs(ends[1]);
  child_ = ::fork();
  if (child_ < 0) fail("fork");
  if (child_ != 0) return;
  stream_.reset();
  echo_until_closed(theirs.get());
}

RawEcho::~RawEcho() {
  stream_.reset();
  ::waitpid(child_, nullptr, 0);
}

void RawEcho::round_trip() const {
  char message[kMessage] = {};
  if (::write(stream_.get(), message, sizeof message) != sizeof message ||
      ::read(stream_.get(), message, sizeof message) != sizeof message)
    fail("the raw echo broke");
}

rusage run_and_wait(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int started = ::posix_spawn(&pid, words[0], &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (started != 0) fail(errno_error(concat("start '", argv[0], "'"), started).message);
  int status = 0;
  rusage used{};
  ::wait4(pid, &status, 0, &used);
  if (status != 0) fail(concat("'", argv.front(), "' fails"));
  return used;
}

double pipe_rate(std::size_t mebibytes) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("make a pipe");
  const UniqueFd source(ends[0]);
  UniqueFd sink(ends[1]);
  const auto start = Clock::now();
  const pid_t pid = ::fork();
  if (pid == 0) write_blocks(sink.get(), mebibytes * (1U << 20) / kBlock);
  sink.reset();
  std::vector<char> block(kBlock);
  while (::read(source.get(), block.data(), block.size()) > 0) {
  }
  const double rate = static_cast<double>(mebibytes) / microseconds_since(start) * 1e6;
  ::waitpid(pid, nullptr, 0);
  return rate;
}

}  // namespace kata::bench
