// SPDX-License-Identifier: Apache-2.0
//
// qemu-system-fake: takes QEMU's place below the real hypervisor plugin, with a guest that is up at
// once. It answers QMP, and an agent's calls on the guest's serial port, so that the real programs
// run a sandbox's whole life in milliseconds. SIGUSR1 is the end of its guest's PID 1: the guest's
// kernel panics, and the program ends as QEMU does.
#include <signal.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/fake_guest.h"
#include "tests/fakes/qmp_peer.h"

namespace {

namespace asio = boost::asio;
using namespace kata::fakes;

// One monitor after the other; `quit` ends the program, a lost connection does not.
void serve_monitors(int listening) {
  for (;;) {
    const Peer peer(listening);
    peer.say(kGreeting);
    while (const auto command = peer.hear()) {
      peer.say("{\"return\":" + result_of(*command) + ",\"id\":" + id_of(*command) + "}\n");
      if (command->find("\"quit\"") != std::string::npos) std::_Exit(0);
    }
  }
}

asio::awaitable<void> serve_agents(asio::io_context& loop, int listening, FakeGuest& guest) {
  asio::posix::stream_descriptor listener(loop, listening);
  for (;;) {
    co_await listener.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    kata::UniqueFd client(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
    if (client) co_await guest.serve(std::move(client));
  }
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> words(values, values + count);
  const int monitor = std::atoi(after(words, "id=qmp,fd=").c_str());
  const int port = std::atoi(after(words, "id=agent,fd=").c_str());
  if (monitor <= 2 || port <= 2) return 2;
  ::signal(SIGUSR1, [](int) { std::_Exit(0); });
  asio::io_context loop(1);
  asio::steady_timer power(loop);
  FakeGuest guest(loop.get_executor(), [&power] {
    power.expires_after(std::chrono::milliseconds(10));  // the reply goes first
    power.async_wait([](const auto&) { std::_Exit(0); });
  });
  asio::co_spawn(loop, serve_agents(loop, port, guest), asio::detached);
  std::thread(serve_monitors, monitor).detach();
  loop.run();
}
