// SPDX-License-Identifier: Apache-2.0
//
// A ttRPC server: a table of methods, served on any number of connections.
//
// Threads: one executor; each request is a coroutine on it, so a handler that waits delays nobody.
// When the connection ends or the request's timeout_nano passes, the handler's coroutine is
// cancelled at its next suspension point.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::ttrpc {

using Handler = std::function<boost::asio::awaitable<Result<std::string>>(std::string payload)>;

// Waits while the caller leaves earlier replies unread, some hundred KiB of them. For handlers that
// take what they answer out of a queue: it stays there meanwhile, and nowhere in memory. Fails when
// the connection is gone.
using Room = std::function<boost::asio::awaitable<Result<void>>()>;
using PacedHandler =
    std::function<boost::asio::awaitable<Result<std::string>>(std::string payload, Room room)>;

// Called for a service that is not in the table; used by kata-proxy to forward. The default answers
// INVALID_ARGUMENT.
using Fallback = std::function<boost::asio::awaitable<Result<std::string>>(
    std::string service, std::string method, std::string payload,
    std::chrono::nanoseconds timeout)>;

// Called before a call is handled, whatever becomes of it.
using OnCall = std::function<void(const std::string& service)>;

struct ServeOptions {
  // For a stream whose other end may change hands in mid-frame, such as a virtio-serial port: skips
  // what is not a call. See frame_scanner.h for the limits.
  bool resynchronise = false;
};

class Server {
 public:
  Server();
  ~Server();

  // A method that is declared but not built answers UNIMPLEMENTED: register nothing for it.
  void handle(std::string service, std::string method, Handler handler);
  void handle_paced(std::string service, std::string method, PacedHandler handler);
  void set_fallback(Fallback fallback);
  void set_on_call(OnCall on_call);

  // Serves one connection until the peer closes it; then returns why. Closes `stream`. Reads no
  // further while 16 MiB of calls are in handlers, or of replies not yet written. The handlers may
  // end a little after the return.
  boost::asio::awaitable<Error> serve(UniqueFd stream, ServeOptions options = {});

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Registers a typed method: handler is awaitable<Result<Response>>(Request).
template <class Request, class Response, class TypedHandler>
void handle(Server& server, std::string service, std::string method, TypedHandler handler) {
  server.handle(
      std::move(service), std::move(method),
      [handler =
           std::move(handler)](std::string payload) -> boost::asio::awaitable<Result<std::string>> {
        Request request;
        if (!request.ParseFromString(payload))
          co_return make_error(ErrorCode::kInvalidArgument, "the request is not a valid message");
        Result<Response> response = co_await handler(std::move(request));
        if (!response.ok()) co_return std::move(response).error();
        co_return response.value().SerializeAsString();
      });
}

}  // namespace kata::ttrpc
