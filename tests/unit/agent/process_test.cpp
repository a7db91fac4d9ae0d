// SPDX-License-Identifier: Apache-2.0
//
// A Process without a process: the test holds the other ends of its pipes and says when it exits.
#include "agent/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <vector>

using namespace kata;
using namespace kata::agent;
namespace asio = boost::asio;

namespace {

struct Stage {
  asio::io_context loop;
  ProcessStdio other_ends;
  std::shared_ptr<Process> process;

  explicit Stage(StdioPair pair = make_pipes(0).take())
      : other_ends(std::move(pair.process)),
        process(std::make_shared<Process>(loop.get_executor(), 1, std::move(pair.agent))) {}

  // Runs until nothing is left to do or the time is up.
  void run(std::chrono::milliseconds limit = std::chrono::seconds(5)) {
    loop.restart();
    loop.run_for(limit);
  }
  void turn() {
    loop.restart();
    loop.poll();
  }

  void say(std::string_view text) {
    REQUIRE(::write(other_ends.out.get(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
  }

  struct Outcome {
    bool done = false;
    Result<std::string> value = std::string();
  };
  std::shared_ptr<Outcome> read(std::uint32_t length, Output output = Output::kStdout) {
    auto outcome = std::make_shared<Outcome>();
    asio::co_spawn(
        loop,
        [](std::shared_ptr<Process> process, std::shared_ptr<Outcome> result, Output which,
           std::uint32_t most) -> asio::awaitable<void> {
          result->value = co_await process->read(which, most);
          result->done = true;
        }(process, outcome, output, length),
        asio::detached);
    return outcome;
  }
  std::shared_ptr<Outcome> write(std::string data) {
    auto outcome = std::make_shared<Outcome>();
    asio::co_spawn(
        loop,
        [](std::shared_ptr<Process> process, std::shared_ptr<Outcome> result,
           std::string bytes) -> asio::awaitable<void> {
          const auto written = co_await process->write_stdin(std::move(bytes));
          if (!written.ok()) result->value = written.error();
          result->done = true;
        }(process, outcome, std::move(data)),
        asio::detached);
    return outcome;
  }
};

}  // namespace

TEST_CASE("a read waits for the first byte and returns no more than asked") {
  Stage stage;
  const auto first = stage.read(3);
  const auto second = stage.read(100);
  stage.turn();
  CHECK_FALSE(first->done);
  stage.say("abcdef");
  stage.run();
  CHECK(first->value.value() == "abc");
  CHECK(second->value.value() == "def");
}

TEST_CASE("the end of a stream is empty data for every reader") {
  Stage stage;
  const auto first = stage.read(10);
  const auto second = stage.read(10);
  stage.other_ends.out.reset();
  stage.run();
  CHECK((first->done && first->value.value().empty()));
  CHECK((second->done && second->value.value().empty()));
}

TEST_CASE("output stays readable after the exit and after the status was fetched") {
  Stage stage;
  stage.say("tail");
  stage.process->exited(0);
  stage.process->collect();
  CHECK_FALSE(stage.process->finished());
  stage.run();  // the grace passes
  CHECK_FALSE(stage.process->finished());
  const auto tail = stage.read(10);
  stage.run();
  CHECK(tail->value.value() == "tail");
  const auto end = stage.read(10);
  stage.run();
  CHECK(end->value.value().empty());
}

TEST_CASE("a descendant that keeps the pipe open delays the end by the grace only") {
  Stage stage;
  const auto blocked = stage.read(10);
  stage.turn();
  stage.process->exited(0);
  stage.run();
  REQUIRE(blocked->done);
  CHECK(blocked->value.value().empty());
}

TEST_CASE("nothing is kept of a process whose status and output are fetched") {
  Stage stage;
  stage.process->exited(3);
  stage.process->collect();
  stage.run();
  CHECK(stage.process->finished());
}

TEST_CASE("every waiter gets the status") {
  Stage stage;
  std::vector<int> seen;
  for (int i = 0; i < 3; ++i)
    asio::co_spawn(
        stage.loop,
        [](std::shared_ptr<Process> process, std::vector<int>& out) -> asio::awaitable<void> {
          out.push_back((co_await process->wait()).value());
        }(stage.process, seen),
        asio::detached);
  stage.turn();
  CHECK(seen.empty());
  stage.process->exited(137);
  stage.run();
  CHECK(seen == std::vector{137, 137, 137});
}

TEST_CASE("a write larger than the pipe waits for the reader and keeps the order") {
  Stage stage;
  const std::string large(300'000, 'x');
  const auto first = stage.write(large);
  const auto second = stage.write("end");
  const auto closed = stage.write("");
  stage.turn();
  CHECK_FALSE(first->done);
  std::string received;
  std::vector<char> block(10'000);
  for (;;) {
    stage.turn();
    const ssize_t got = ::read(stage.other_ends.in.get(), block.data(), block.size());
    REQUIRE(got >= 0);
    if (got == 0) break;
    received.append(block.data(), static_cast<std::size_t>(got));
  }
  CHECK((first->done && second->done && closed->done));
  CHECK(received == large + "end");
}

TEST_CASE("a write after the stream was closed is an error") {
  Stage stage;
  const auto closed = stage.write("");
  const auto late = stage.write("late");
  const auto again = stage.write("");
  stage.run();
  CHECK(closed->value.ok());
  REQUIRE_FALSE(late->value.ok());
  CHECK(late->value.error().message == "cannot get stream writer");
  CHECK(again->value.ok());
}

TEST_CASE("a write to a process that went away ends") {
  ::signal(SIGPIPE, SIG_IGN);
  Stage stage;
  const auto blocked = stage.write(std::string(1'000'000, 'x'));
  stage.turn();
  CHECK_FALSE(blocked->done);
  stage.other_ends.in.reset();
  stage.process->exited(0);
  stage.run();
  REQUIRE(blocked->done);
  CHECK_FALSE(blocked->value.ok());
}

TEST_CASE("a terminal carries both ways and its end is not an error") {
  Stage stage(make_terminal(24, 80).take());
  const auto refused = Stage().process->resize(1, 1);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  CHECK(refused.error().message == "no tty");
  CHECK(stage.process->resize(40, 100).ok());
  stage.say("hello");
  const auto read = stage.read(100);
  stage.run();
  CHECK(read->value.value() == "hello");
  stage.other_ends = {};
  const auto end = stage.read(100, Output::kStderr);  // one terminal: both outputs are its master
  stage.run();
  CHECK((end->value.ok() && end->value.value().empty()));
}

TEST_CASE("the size of the pipes can be chosen") {
  auto pair = make_pipes(1U << 17);
  REQUIRE(pair.ok());
  CHECK(::fcntl(pair.value().agent.out.get(), F_GETPIPE_SZ) == 1 << 17);
}
