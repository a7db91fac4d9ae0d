// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/endpoint.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "kata/unix_socket.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agentctl;

namespace {
const Deadline kNow{};
}

TEST_CASE("addresses of the protocol and of serial lines are understood") {
  CHECK(parse_endpoint("vsock://3").value() ==
        Endpoint(ttrpc::Address(ttrpc::VsockAddress{3, 1024})));
  CHECK(parse_endpoint("hvsock:///v:7").value() ==
        Endpoint(ttrpc::Address(ttrpc::HybridVsockAddress{"/v", 7})));
  CHECK(parse_endpoint("serial:///dev/ttyS0").value() == Endpoint(SerialAddress{"/dev/ttyS0"}));
  for (const char* text : {"serial://ttyS0", "serial://", "serial", "tcp://x", ""}) {
    CAPTURE(text);
    CHECK_FALSE(parse_endpoint(text).ok());
  }
}

TEST_CASE("a serial line is a socket or a device made raw") {
  const TemporaryDirectory directory;
  const auto socket = directory.path() / "s.sock";
  const UniqueFd listening = listen_unix(socket).take();
  CHECK(open_endpoint(SerialAddress{socket}, kNow).ok());

  const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE((terminal && ::grantpt(terminal.get()) == 0 && ::unlockpt(terminal.get()) == 0));
  const auto line = open_endpoint(SerialAddress{::ptsname(terminal.get())}, kNow);
  REQUIRE(line.ok());
  const std::string bytes = "\x03\x04\r\n\0z";  // a cooked line would eat or change them
  REQUIRE(::write(line.value().get(), bytes.data(), bytes.size()) ==
          static_cast<ssize_t>(bytes.size()));
  char seen[16];
  REQUIRE(::read(terminal.get(), seen, sizeof seen) == static_cast<ssize_t>(bytes.size()));
  CHECK(std::string(seen, bytes.size()) == bytes);
}

TEST_CASE("what is no line is refused by its path") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "file";
  std::ofstream(file).flush();
  for (const auto& path : {file, directory.path() / "none"}) {
    const auto opened = open_endpoint(SerialAddress{path}, kNow);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().message.find(path.string()) != std::string::npos);
  }
}
