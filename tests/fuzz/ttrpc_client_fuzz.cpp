// SPDX-License-Identifier: Apache-2.0
//
// Everything a hostile ttRPC server can answer, to both clients: no crash, and each call ends when
// the server has gone.
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <utility>

#include "agent.pb.h"
#include "protocol/ttrpc/blocking_client.h"
#include "protocol/ttrpc/client.h"

namespace {

namespace asio = boost::asio;
using kata::Result;

// The bytes as a server sends them before it closes its side; what does not fit is cut off.
class Peer {
 public:
  Peer(const std::uint8_t* data, std::size_t size) {
    int fds[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
      std::abort();
    client_.reset(fds[0]);
    server_.reset(fds[1]);
    if (size > 0 && ::send(server_.get(), data, size, MSG_NOSIGNAL) < 0) std::abort();
    ::shutdown(server_.get(), SHUT_WR);
  }
  kata::UniqueFd client() { return std::move(client_); }

 private:
  kata::UniqueFd client_;
  kata::UniqueFd server_;
};

// Whatever the outcome is, the call must end.
asio::awaitable<void> stats(kata::ttrpc::Client& client, int& ended) {
  const auto reply = co_await kata::ttrpc::call<grpc::StatsContainerResponse>(
      client, "grpc.AgentService", "StatsContainer", grpc::StatsContainerRequest());
  if (reply.ok() || !reply.error().message.empty()) ++ended;
}

void concurrent_calls(Peer peer, bool resynchronise) {
  asio::io_context context(1);
  int ended = 0;
  {
    kata::ttrpc::Client client(context.get_executor(), peer.client(),
                               {.resynchronise = resynchronise});
    for (int i = 0; i < 2; ++i)
      asio::co_spawn(context, stats(client, ended), [](const std::exception_ptr& failure) {
        if (failure) std::abort();
      });
    context.run_for(std::chrono::seconds(5));
  }
  if (ended != 2) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  concurrent_calls(Peer(data + 1, size - 1), (data[0] & 1U) != 0);
  Peer peer(data + 1, size - 1);
  kata::ttrpc::BlockingClient client(peer.client());
  const auto soon = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  (void)client.call("grpc.Health", "Check", "", soon);
  if (std::chrono::steady_clock::now() >= soon) std::abort();  // a peer may also say "timeout"
  return 0;
}
