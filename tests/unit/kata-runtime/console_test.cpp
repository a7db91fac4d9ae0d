// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/console.h"

#include <doctest/doctest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "kata/unix_socket.h"
#include "tests/unit/kata-runtime/temp_dir.h"

using namespace kata;
using namespace kata::runtime;
using kata::test::TempDir;

namespace {

struct Received {
  std::string name{};
  UniqueFd master{};
};

Received receive(int listener) {
  const UniqueFd peer(::accept(listener, nullptr, nullptr));
  char text[128] = {};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part{text, sizeof text};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  Received received;
  const ssize_t got = ::recvmsg(peer.get(), &message, MSG_CMSG_CLOEXEC);
  if (got > 0) received.name.assign(text, static_cast<std::size_t>(got));
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    received.master.reset(fd);
  }
  return received;
}

}  // namespace

TEST_CASE("the console socket receives the master of the shim's terminal") {
  const TempDir dir;
  const UniqueFd listener = listen_unix(dir / "s").take();
  auto slave = open_console(dir / "s", {33, 101});
  REQUIRE_MESSAGE(slave.ok(), slave.error().message);
  const Received received = receive(listener.get());
  REQUIRE(received.master);
  CHECK(received.name == ::ttyname(slave.value().get()));
  winsize size{};
  REQUIRE(::ioctl(received.master.get(), TIOCGWINSZ, &size) == 0);
  CHECK(size.ws_row == 33);
  CHECK(size.ws_col == 101);
  REQUIRE(::write(slave.value().get(), "x", 1) == 1);
  char byte = 0;
  CHECK(::read(received.master.get(), &byte, 1) == 1);
  CHECK(byte == 'x');
}

TEST_CASE("a console socket that nobody listens on is named") {
  const auto slave = open_console("/no/such/socket", {});
  REQUIRE_FALSE(slave.ok());
  CHECK(slave.error().message.find("/no/such/socket") != std::string::npos);
}
