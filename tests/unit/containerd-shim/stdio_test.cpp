// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/stdio.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/detached.hpp>

#include <fstream>

#include "tests/temporary_directory.h"
#include "tests/unit/containerd-shim/await.h"

using namespace kata;
using namespace kata::shim_v2;

namespace {

struct Streams {
  Streams() {
    for (const std::string& fifo : {request.in, request.out, request.err})
      REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  }

  Result<std::unique_ptr<Stdio>> open() { return await(loop, Stdio::open(request)); }
  std::unique_ptr<Stdio> opened() {
    auto stdio = open();
    REQUIRE_MESSAGE(stdio.ok(), (stdio.ok() ? "" : stdio.error().message));
    return stdio.take();
  }
  boost::asio::awaitable<bool> finish(Stdio& stdio) {
    co_await stdio.finish();
    co_return true;
  }

  TemporaryDirectory directory{};
  StdioRequest request{
      false,    directory.path() / "in", directory.path() / "out", directory.path() / "err", "c1",
      "default"};
  boost::asio::io_context loop{1};
};

UniqueFd reader_of(const std::string& fifo) {
  UniqueFd fd(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(fd);
  return fd;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("output waits in a FIFO for a reader that comes late and ends with the process") {
  Streams streams;
  const auto stdio = streams.opened();
  CHECK(await(streams.loop, stdio->out.write("early")));
  const UniqueFd reader = reader_of(streams.request.out);
  char text[16] = {};
  CHECK(::read(reader.get(), text, sizeof text) == 5);
  CHECK(::read(reader.get(), text, sizeof text) == -1);  // more may come
  await(streams.loop, streams.finish(*stdio));
  CHECK(::read(reader.get(), text, sizeof text) == 0);
}

TEST_CASE("a full FIFO makes its writer wait and keeps every byte") {
  Streams streams;
  const auto stdio = streams.opened();
  const UniqueFd reader = reader_of(streams.request.out);
  const std::string data(1 << 20, 'x');
  std::optional<bool> written;
  boost::asio::co_spawn(streams.loop, keep(stdio->out.write(data), written), boost::asio::detached);
  std::size_t got = 0;
  std::string block(65536, '\0');
  while (!written || got < data.size()) {
    streams.loop.poll();
    streams.loop.restart();
    const ssize_t size = ::read(reader.get(), block.data(), block.size());
    if (size > 0) got += static_cast<std::size_t>(size);
  }
  CHECK(*written);
  CHECK(got == data.size());
}

TEST_CASE("closing an output frees the write that waits for its reader") {
  Streams streams;
  const auto stdio = streams.opened();
  const std::string data(1 << 20, 'x');
  std::optional<bool> written;
  boost::asio::co_spawn(streams.loop, keep(stdio->out.write(data), written), boost::asio::detached);
  streams.loop.poll();
  streams.loop.restart();
  CHECK_FALSE(written.has_value());
  stdio->out.close();
  streams.loop.poll();
  CHECK(written == false);
}

TEST_CASE("stdin ends when containerd has closed it and every writer has gone") {
  Streams streams;
  const auto stdio = streams.opened();
  UniqueFd writer(::open(streams.request.in.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(::write(writer.get(), "first", 5) == 5);
  CHECK(await(streams.loop, stdio->read_input()) == "first");
  writer.reset();  // a client that is detached
  writer.reset(::open(streams.request.in.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(::write(writer.get(), "second", 6) == 6);
  stdio->close_input();
  CHECK(await(streams.loop, stdio->read_input()) == "second");
  writer.reset();
  CHECK(await(streams.loop, stdio->read_input()).empty());
}

TEST_CASE("a file is appended to and its directory made") {
  Streams streams;
  const auto file = streams.directory.path() / "logs/c1.log";
  streams.request.out = "file://" + file.native();
  for (const char* line : {"one\n", "two\n"}) {
    const auto stdio = streams.opened();
    CHECK(await(streams.loop, stdio->out.write(line)));
    await(streams.loop, streams.finish(*stdio));
  }
  CHECK(text_of(file) == "one\ntwo\n");
}

TEST_CASE("what is no FIFO is not taken for one") {
  Streams streams;
  std::ofstream(streams.directory.path() / "plain") << "x";
  streams.request.out = streams.directory.path() / "plain";
  const auto stdio = streams.open();
  REQUIRE_FALSE(stdio.ok());
  CHECK(stdio.error().message.find("expected a FIFO") != std::string::npos);
  streams.request.out = streams.directory.path() / "missing";
  CHECK_FALSE(streams.open().ok());
}

namespace {

// A logger that does `script` with OUT as where it may write.
std::string logger(const TemporaryDirectory& directory, const std::string& script) {
  const auto program = directory.path() / "logger";
  std::ofstream(program) << "#!/bin/sh\nOUT=" << directory.path().native() << "/logged\n" << script;
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  return "binary://" + program.native() + "?tag=a%20b";
}

}  // namespace

TEST_CASE("a logger gets both streams with its arguments and is waited for") {
  Streams streams;
  streams.request.out = streams.request.err = logger(
      streams.directory,
      "exec 5>&-\nread -r line <&3\nread -r other <&4\nsleep 0.2\n"
      "echo \"$CONTAINER_NAMESPACE $CONTAINER_ID $1 $2 $line $other ${HOME-none}\" > $OUT\n");
  const auto stdio = streams.opened();
  CHECK(await(streams.loop, stdio->out.write("out\n")));
  CHECK(await(streams.loop, stdio->err.write("err\n")));
  await(streams.loop, streams.finish(*stdio));
  CHECK(text_of(streams.directory.path() / "logged") == "default c1 tag a b out err none\n");
}

TEST_CASE("a logger that does not exist is refused") {
  Streams streams;
  streams.request.out = "binary:///nonexistent/logger";
  CHECK(streams.open().error().code == ErrorCode::kNotFound);
}
