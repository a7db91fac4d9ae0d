// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/address.h"

#include <doctest/doctest.h>
#include <linux/vm_sockets.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "tests/unit/protocol/bytes.h"

namespace kata::ttrpc {

namespace {

Deadline in_five_seconds() { return std::chrono::steady_clock::now() + std::chrono::seconds(5); }

class ScratchDirectory {
 public:
  ScratchDirectory() : path_(::mkdtemp(name_)) {}
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  std::string file(const char* name) const { return path_ / name; }

 private:
  char name_[32] = "/tmp/kata-address-XXXXXX";
  std::filesystem::path path_;
};

// A VMM's socket that answers one connection, after having read the greeting.
std::thread answer_once(const UniqueFd& listener, std::string answer, std::string& greeting) {
  return std::thread([fd = listener.get(), answer = std::move(answer), &greeting] {
    const UniqueFd peer(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
    char byte = 0;
    while (::read(peer.get(), &byte, 1) == 1) {
      greeting.push_back(byte);
      if (byte == '\n') break;
    }
    (void)::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  });
}

}  // namespace

TEST_CASE("the address forms of Kata are understood") {
  CHECK(parse_address("unix:///run/a.sock").value() == Address(UnixAddress{"/run/a.sock", false}));
  CHECK(parse_address("unix://@/tmp/a").value() == Address(UnixAddress{"/tmp/a", true}));
  CHECK(parse_address("vsock://3:1024").value() == Address(VsockAddress{3, 1024}));
  CHECK(parse_address("vsock://7").value() == Address(VsockAddress{7, kAgentPort}));
  CHECK(parse_address("vsock://-1:5").value() == Address(VsockAddress{VMADDR_CID_ANY, 5}));
  CHECK(parse_address("vsock://:5").value() == Address(VsockAddress{VMADDR_CID_ANY, 5}));
  CHECK(parse_address("hvsock:///run/v.sock").value() ==
        Address(HybridVsockAddress{"/run/v.sock", kAgentPort}));
  CHECK(parse_address("hvsock:///run/v.sock:77").value() ==
        Address(HybridVsockAddress{"/run/v.sock", 77}));
}

TEST_CASE("hostile addresses are refused") {
  const std::string long_path = "/" + std::string(107, 'a');
  for (const std::string& text :
       {std::string(), std::string("unix"), std::string("unix://"), std::string("unix://@"),
        std::string("unix://relative"), std::string("tcp://1.2.3.4:5"), "unix://" + long_path,
        "hvsock://" + long_path, std::string("hvsock://x"), std::string("hvsock:///a:"),
        std::string("hvsock:///a:b"), std::string("vsock://a:1"), std::string("vsock://3:"),
        std::string("vsock://3:-1"), std::string("vsock://4294967296:1"),
        std::string("vsock://3:1:1"), std::string("vsock://3: 1"), std::string("unix:///a\0b", 11),
        std::string("hvsock:///a\0b", 13)}) {
    const auto address = parse_address(text);
    REQUIRE_MESSAGE(!address.ok(), text);
    CHECK(address.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("an abstract socket can be listened on and connected to") {
  const Address address = UnixAddress{concat("kata-address-test-", ::getpid()), true};
  const auto listener = listen(address);
  REQUIRE(listener.ok());
  CHECK(connect(address, in_five_seconds()).ok());
  CHECK(listen(address).error().sys_errno == EADDRINUSE);
}

TEST_CASE("connecting waits for a socket that does not exist yet") {
  const ScratchDirectory scratch;
  const Address address = UnixAddress{scratch.file("late.sock"), false};
  Result<UniqueFd> connected = make_error(ErrorCode::kInternal, "");
  std::thread caller([&] { connected = connect(address, in_five_seconds()); });
  const auto listener = listen(address);
  caller.join();
  CHECK(listener.ok());
  CHECK(connected.ok());
}

TEST_CASE("connecting to nobody ends at the deadline with the reason") {
  const ScratchDirectory scratch;
  const Address address = UnixAddress{scratch.file("none.sock"), false};
  const auto connected =
      connect(address, std::chrono::steady_clock::now() + std::chrono::milliseconds(30));
  REQUIRE_FALSE(connected.ok());
  CHECK(connected.error().code == ErrorCode::kTimeout);
  CHECK(connected.error().message.find("No such file") != std::string::npos);
}

TEST_CASE("a hybrid vsock is asked for the port and not a byte too much is read") {
  const ScratchDirectory scratch;
  const auto listener = listen_unix(scratch.file("v.sock"));
  REQUIRE(listener.ok());
  std::string greeting;
  std::thread vmm = answer_once(listener.value(), "OK 1073741824\nfirst bytes", greeting);
  const auto fd = connect(HybridVsockAddress{scratch.file("v.sock"), 1024}, in_five_seconds());
  vmm.join();
  REQUIRE(fd.ok());
  CHECK(greeting == "CONNECT 1024\n");
  char rest[32];
  CHECK(std::string(rest, static_cast<std::size_t>(::read(fd.value().get(), rest, sizeof rest))) ==
        "first bytes");
}

TEST_CASE("a hybrid vsock that never answers with a line is refused") {
  const ScratchDirectory scratch;
  const auto listener = listen_unix(scratch.file("v.sock"));
  REQUIRE(listener.ok());
  std::string greeting;
  std::thread vmm = answer_once(listener.value(), std::string(200, 'O'), greeting);
  const auto fd = connect(HybridVsockAddress{scratch.file("v.sock"), 1024},
                          std::chrono::steady_clock::now() + std::chrono::milliseconds(200));
  vmm.join();
  CHECK_FALSE(fd.ok());
}

}  // namespace kata::ttrpc
