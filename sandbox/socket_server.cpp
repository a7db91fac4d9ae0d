// SPDX-License-Identifier: Apache-2.0
#include "sandbox/socket_server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

#include "core/base/log.h"
#include "core/base/peer.h"

namespace kata::sandbox {

namespace asio = boost::asio;

SocketServer::SocketServer(asio::any_io_executor loop, UniqueFd listener, ttrpc::Server& server)
    : loop_(loop), listener_(loop, listener.release()), server_(server), idle_(loop) {
  ::fcntl(listener_.native_handle(), F_SETFL, O_NONBLOCK);
}

asio::awaitable<void> SocketServer::accept_clients() {
  while (!closing_) {
    const auto [error] = co_await listener_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                       asio::as_tuple(asio::use_awaitable));
    if (error || closing_) co_return;
    UniqueFd client(::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
      co_await sleep_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
    if (!client) continue;
    if (auto allowed = check_peer(client.get()); !allowed.ok()) {
      log::warn("refused a connection", {{"error", allowed.error().message}});
      continue;
    }
    asio::co_spawn(loop_, serve(std::move(client)), asio::detached);
  }
}

asio::awaitable<void> SocketServer::serve(UniqueFd client) {
  ++clients_;
  const Error why = co_await server_.serve(std::move(client));
  log::debug("a client has gone", {{"reason", why.message}});
  --clients_;
  if (closing_ && clients_ == 0) idle_.set();
}

asio::awaitable<void> SocketServer::drain(Deadline deadline) {
  closing_ = true;
  listener_.close();
  if (clients_ != 0) co_await idle_.wait_until(deadline);
}

}  // namespace kata::sandbox
