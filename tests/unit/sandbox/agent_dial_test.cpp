// SPDX-License-Identifier: Apache-2.0
//
// The way to an agent behind a hybrid vsock: a unix socket of the VMM that wants to hear a port.
#include "sandbox/agent_dial.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "kata/unix_socket.h"
#include "tests/unit/sandbox/stage.h"

using namespace kata;
using namespace kata::sandbox;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

void say(int fd, std::string_view text) {
  REQUIRE(::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

// A VMM that answers each connection in turn by one of `answers`; "" hangs up.
class Vmm {
 public:
  explicit Vmm(std::vector<std::string> answers)
      : listening_(listen_unix(path()).take()), thread_([this, answers = std::move(answers)] {
          for (const std::string& answer : answers) take_one(answer);
        }) {}
  ~Vmm() { thread_.join(); }

  std::filesystem::path path() const { return directory_.path() / "vsock.sock"; }
  const std::string& heard() const { return heard_; }

 private:
  void take_one(const std::string& answer) {
    UniqueFd peer(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    heard_.clear();
    for (char c = 0; heard_.size() < 64 && ::read(peer.get(), &c, 1) == 1; heard_ += c)
      if (c == '\n') break;
    if (!answer.empty()) say(peer.get(), answer);
    if (answer.starts_with("OK")) kept_.push_back(std::move(peer));
  }

  TemporaryDirectory directory_{};
  UniqueFd listening_;
  std::string heard_{};
  std::vector<UniqueFd> kept_{};
  std::thread thread_;
};

Result<UniqueFd> dial(const std::filesystem::path& socket, milliseconds time) {
  boost::asio::io_context loop;
  return await(loop, dial_agent(HybridVsockAddress{socket, 1024}, steady_clock::now() + time));
}

}  // namespace

TEST_CASE("a hybrid vsock is asked for the port until the guest listens") {
  const Vmm vmm({"", "", "NO\n", "OK 1073741824\n"});
  const auto stream = dial(vmm.path(), seconds(20));
  REQUIRE_MESSAGE(stream.ok(), stream.error().message);
  CHECK(vmm.heard() == "CONNECT 1024");
}

TEST_CASE("what follows the VMM's line belongs to the agent") {
  const Vmm vmm({"OK 5\nagent"});
  const auto stream = dial(vmm.path(), seconds(20));
  REQUIRE(stream.ok());
  std::string text(16, '\0');
  text.resize(static_cast<std::size_t>(
      std::max<ssize_t>(0, ::recv(stream.value().get(), text.data(), text.size(), 0))));
  CHECK(text == "agent");
}

TEST_CASE("an answer without end is no connection") {
  const Vmm vmm({"OK " + std::string(200, '1')});
  const auto stream = dial(vmm.path(), seconds(1));
  REQUIRE_FALSE(stream.ok());
  CHECK(stream.error().code == ErrorCode::kTimeout);
  CHECK(stream.error().message.find("did not connect vsock port 1024") != std::string::npos);
}

TEST_CASE("a handshake that a booting guest lost is tried again") {
  const TemporaryDirectory directory;
  const UniqueFd listening = listen_unix(directory.path() / "s").take();
  std::thread vmm([&listening] {
    const UniqueFd lost(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const UniqueFd taken(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char greeting[16];
    static_cast<void>(::read(taken.get(), greeting, sizeof greeting) > 0);
    say(taken.get(), "OK 1\n");
  });
  const auto begin = steady_clock::now();
  const auto stream = dial(directory.path() / "s", seconds(19));
  vmm.join();
  CHECK_MESSAGE(stream.ok(), (stream.ok() ? "" : stream.error().message));
  CHECK(steady_clock::now() - begin >= seconds(3));
}
