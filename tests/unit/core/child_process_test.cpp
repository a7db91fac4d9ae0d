// SPDX-License-Identifier: Apache-2.0
#include "kata/child_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <thread>

namespace kata {

namespace {

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
Deadline soon() { return in(std::chrono::seconds(20)); }

ChildProcess shell(const std::string& script, std::vector<InheritedFd> descriptors = {}) {
  auto child = ChildProcess::spawn({{"/bin/sh", "-c", script}, std::move(descriptors)});
  REQUIRE_MESSAGE(child.ok(), child.error().message);
  return child.take();
}

std::string read_all(int fd) {
  std::string text;
  char block[256];
  for (ssize_t got; (got = ::read(fd, block, sizeof block)) > 0;)
    text.append(block, static_cast<std::size_t>(got));
  return text;
}

}  // namespace

TEST_CASE("a child's exit code and fatal signal are told apart") {
  auto seven = shell("exit 7");
  CHECK(*seven.wait(soon()).take() == ExitStatus{7});
  CHECK(*seven.wait(soon()).take() == ExitStatus{7});
  auto killed = shell("kill -TERM $$");
  CHECK(*killed.wait(soon()).take() == ExitStatus{128 + SIGTERM});
}

TEST_CASE("a program that cannot be started is an error and no child") {
  const auto child = ChildProcess::spawn({{"/no/such/program"}});
  REQUIRE_FALSE(child.ok());
  CHECK(child.error().code == ErrorCode::kNotFound);
  CHECK(child.error().message == "start '/no/such/program': No such file or directory");
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a child has the listed descriptors and no other") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);  // inheritable on purpose: the child must not see them
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const UniqueFd stray(::open("/dev/zero", O_RDONLY));
  auto child = shell("ls -l /proc/self/fd | wc -l; readlink /proc/$$/fd/0", {{writer.get(), 1}});
  writer.reset();
  // ls: "total", its 0, 1, 2, and the directory it reads.
  CHECK(read_all(reader.get()) == "5\n/dev/null\n");
  CHECK(child.wait(soon()).take().has_value());
}

TEST_CASE("descriptors that change places arrive where they belong") {
  int first[2];
  int second[2];
  REQUIRE(::pipe2(first, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(second, O_CLOEXEC) == 0);
  UniqueFd first_reader(first[0]), first_writer(first[1]);
  UniqueFd second_reader(second[0]), second_writer(second[1]);
  auto child =
      shell("echo one >&" + std::to_string(second_writer.get()) + "; echo two >&" +
                std::to_string(first_writer.get()),
            {{first_writer.get(), second_writer.get()}, {second_writer.get(), first_writer.get()}});
  first_writer.reset();
  second_writer.reset();
  CHECK(read_all(first_reader.get()) == "one\n");
  CHECK(read_all(second_reader.get()) == "two\n");
  CHECK(child.wait(soon()).take().has_value());
}

TEST_CASE("waiting ends at the deadline while the child runs on") {
  auto child = shell("sleep 100");
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(child.wait(in(std::chrono::milliseconds(30))).take().has_value());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
  CHECK(child.terminate(SIGKILL, soon()).take() == ExitStatus{128 + SIGKILL});
  CHECK(child.kill(SIGTERM).ok());  // gone: nothing to do
}

TEST_CASE("a child that ignores the request is killed at the deadline") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  auto child = shell("trap '' TERM; echo ready; while :; do sleep 1; done", {{writer.get(), 1}});
  writer.reset();
  char byte = 0;
  REQUIRE(::read(reader.get(), &byte, 1) == 1);
  const auto status = child.terminate(SIGTERM, in(std::chrono::milliseconds(50)));
  CHECK(status.value() == ExitStatus{128 + SIGKILL});
}

TEST_CASE("a child is killed when the thread that made it ends") {
  ChildProcess child;
  std::thread([&child] { child = shell("sleep 100"); }).join();
  CHECK(*child.wait(soon()).take() == ExitStatus{128 + SIGKILL});
}

TEST_CASE("a process is adopted by pid and start time and by nothing less") {
  auto child = shell("sleep 100");
  const auto start = process_start_time(child.pid());
  REQUIRE(start.ok());
  CHECK(ChildProcess::adopt(child.pid(), start.value()).ok());
  CHECK(ChildProcess::adopt(child.pid(), start.value() + 1).error().code == ErrorCode::kNotFound);
  CHECK(child.terminate(SIGKILL, soon()).ok());
  CHECK_FALSE(ChildProcess::adopt(child.pid(), start.value()).ok());
  CHECK(process_start_time(child.pid()).error().code == ErrorCode::kNotFound);
}

}  // namespace kata
