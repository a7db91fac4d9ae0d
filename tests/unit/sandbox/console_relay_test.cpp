// SPDX-License-Identifier: Apache-2.0
#include "sandbox/console_relay.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <thread>

#include "kata/unix_socket.h"
#include "protocol/console_end.h"
#include "tests/temporary_directory.h"

using namespace kata;
using sandbox::ConsoleRelay;
using sandbox::kDebugConsoleSocket;

namespace {

// A test that waits in vain fails, and does not hang.
UniqueFd patient(UniqueFd fd) {
  const timeval time{20, 0};
  REQUIRE(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0);
  return fd;
}

void type(const UniqueFd& to, std::string_view text) {
  REQUIRE(::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
}

// What comes until there is `wanted`, or the end.
std::string read_until(const UniqueFd& from, std::string_view wanted) {
  std::string text;
  char byte = 0;
  while (text.find(wanted) == std::string::npos && ::read(from.get(), &byte, 1) == 1) text += byte;
  return text;
}

// The relay on a loop of its own thread, and the serial port behind it.
struct Relay {
  Relay() {
    port = patient(listen_unix(directory.path() / "port.sock").take());
    const AgentAddress console(SerialAddress{directory.path() / "port.sock"});
    auto opened = ConsoleRelay::open(loop.get_executor(), directory.path(), console);
    REQUIRE_MESSAGE(opened.ok(), opened.error().message);
    relay = opened.take();
    thread = std::thread([this] { loop.run(); });
  }
  ~Relay() {
    boost::asio::post(loop, [this] { relay->close(); });
    thread.join();  // nothing of it is left on the loop
    CHECK_FALSE(std::filesystem::exists(directory.path() / kDebugConsoleSocket));
  }
  UniqueFd connect() const {
    return patient(connect_unix(directory.path() / kDebugConsoleSocket).take());
  }
  UniqueFd guest_end() const {
    return patient(UniqueFd(::accept4(port.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }

  const ::TemporaryDirectory directory{};
  boost::asio::io_context loop{1};
  UniqueFd port{};
  std::shared_ptr<ConsoleRelay> relay{};
  std::thread thread{};
};

}  // namespace

TEST_CASE("a debug console is bytes both ways until the guest says that its shell has gone") {
  const Relay relay;
  for (int turn = 0; turn < 2; ++turn) {
    const UniqueFd client = relay.connect();
    const UniqueFd guest = relay.guest_end();
    type(client, "exit\n");
    CHECK(read_until(guest, "\n") == "exit\n");
    type(guest, std::string("bye\r\n") + std::string(kConsoleEnd) + "$ ");
    CHECK(read_until(client, "no such text") == "bye\r\n");
    CHECK(read_until(guest, "x").empty());  // the port is closed for the next
  }
}

TEST_CASE("who comes second to a serial debug console is told and the first goes on") {
  const Relay relay;
  const UniqueFd first = relay.connect();
  const UniqueFd guest = relay.guest_end();
  const UniqueFd second = relay.connect();
  CHECK(read_until(second, "no such text").find("somebody else") != std::string::npos);
  type(guest, "still here\n");
  CHECK(read_until(first, "\n") == "still here\n");
}
