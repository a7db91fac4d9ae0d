// SPDX-License-Identifier: Apache-2.0
//
// Everything a ttRPC client can send, with and without resynchronisation: the server neither
// crashes nor goes on once the client has gone.
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>

#include "agent.pb.h"
#include "protocol/ttrpc/server.h"

namespace {

namespace asio = boost::asio;
using kata::Result;

asio::awaitable<Result<std::string>> echo(std::string payload) { co_return payload; }

asio::awaitable<Result<grpc::Empty>> create(grpc::CreateContainerRequest) {
  co_return grpc::Empty();
}

// The bytes as a client sends them before it closes; what does not fit the socket is cut off.
kata::UniqueFd stream_of(const std::uint8_t* data, std::size_t size) {
  int fds[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) std::abort();
  const kata::UniqueFd client(fds[1]);
  if (size > 0 && ::send(client.get(), data, size, MSG_NOSIGNAL) < 0) std::abort();
  return kata::UniqueFd(fds[0]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  asio::io_context context(1);
  kata::ttrpc::Server server;
  server.handle("grpc.Health", "Check", echo);
  kata::ttrpc::handle<grpc::CreateContainerRequest, grpc::Empty>(server, "grpc.AgentService",
                                                                 "CreateContainer", create);
  bool ended = false;
  asio::co_spawn(
      context, server.serve(stream_of(data + 1, size - 1), {.resynchronise = (data[0] & 1U) != 0}),
      [&](const std::exception_ptr& failure, const kata::Error&) { ended = !failure; });
  context.run_for(std::chrono::seconds(5));
  if (!ended) std::abort();
  return 0;
}
