// SPDX-License-Identifier: Apache-2.0
#include "sandbox/ready_pipe.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <csignal>

#include "kata/unique_fd.h"

namespace kata::sandbox {

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  UniqueFd read{}, write{};
};

Deadline in(int milliseconds) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

Result<void> outcome_of(std::string_view bytes) {
  Pipe pipe;
  REQUIRE(::write(pipe.write.get(), bytes.data(), bytes.size()) ==
          static_cast<ssize_t>(bytes.size()));
  pipe.write.reset();
  return await_ready(pipe.read.get(), in(5000));
}

}  // namespace

TEST_CASE("ready travels over the pipe") {
  Pipe pipe;
  REQUIRE(report_ready(pipe.write.get()).ok());
  CHECK(await_ready(pipe.read.get(), in(5000)).ok());
}

TEST_CASE("an error keeps its code and its message on one line") {
  Pipe pipe;
  const Error sent = make_error(ErrorCode::kTimeout, "start VM:\nno\tanswer\x1b[31m");
  REQUIRE(report_failure(pipe.write.get(), sent).ok());
  const auto received = await_ready(pipe.read.get(), in(5000));
  REQUIRE_FALSE(received.ok());
  CHECK(received.error().code == ErrorCode::kTimeout);
  CHECK(received.error().message == "start VM: no answer [31m");
}

TEST_CASE("an endless message is cut and still arrives") {
  Pipe pipe;
  ::fcntl(pipe.write.get(), F_SETPIPE_SZ, 1 << 20);
  const Error sent = make_error(ErrorCode::kInternal, std::string(100'000, 'x'));
  REQUIRE(report_failure(pipe.write.get(), sent).ok());
  const auto received = await_ready(pipe.read.get(), in(5000));
  REQUIRE_FALSE(received.ok());
  CHECK(received.error().message.size() > 1000);
  CHECK(received.error().message.size() < kMaxReadyLine);
}

TEST_CASE("a proxy that dies without a word is told at once") {
  Pipe pipe;
  pipe.write.reset();
  const auto received = await_ready(pipe.read.get(), in(60'000));
  REQUIRE_FALSE(received.ok());
  CHECK(received.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("half a line before death counts as no word") {
  const auto received = outcome_of("ready");
  REQUIRE_FALSE(received.ok());
  CHECK(received.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("a silent proxy is a timeout") {
  Pipe pipe;
  const auto received = await_ready(pipe.read.get(), in(20));
  REQUIRE_FALSE(received.ok());
  CHECK(received.error().code == ErrorCode::kTimeout);
}

TEST_CASE("a malformed report is an internal error that quotes it") {
  for (const char* line : {"hello\n", "error\n", "error x boom\n", "error 3\n", "\n"}) {
    CAPTURE(line);
    const auto received = outcome_of(line);
    REQUIRE_FALSE(received.ok());
    CHECK(received.error().code == ErrorCode::kInternal);
  }
}

TEST_CASE("an unknown error number becomes an internal error with its message") {
  for (const char* line : {"error 0 boom\n", "error 99 boom\n", "error -4 boom\n"}) {
    CAPTURE(line);
    const auto received = outcome_of(line);
    REQUIRE_FALSE(received.ok());
    CHECK(received.error().code == ErrorCode::kInternal);
    CHECK(received.error().message == "boom");
  }
}

TEST_CASE("a reporter whose reader has gone gets an error and no signal") {
  Pipe pipe;
  pipe.read.reset();
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  CHECK_FALSE(report_ready(pipe.write.get()).ok());
  ::signal(SIGPIPE, before);
}

}  // namespace kata::sandbox
