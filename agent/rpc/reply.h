// SPDX-License-Identifier: Apache-2.0
//
// Shapes that most handlers share: methods without a reply message.
#pragma once

#include <google/protobuf/message_lite.h>

#include <string>
#include <utility>

#include "agent/rpc/services.h"
#include "kata/result.h"

namespace kata::agent {

// Registers a method that answers google.protobuf.Empty: handler is
// awaitable<Result<void>>(Request).
template <class Request, class Handler>
void handle_empty(ttrpc::Server& server, const char* method, Handler handler) {
  server.handle(
      kAgentService, method,
      [handler =
           std::move(handler)](std::string payload) -> boost::asio::awaitable<Result<std::string>> {
        Request request;
        if (!request.ParseFromString(payload))
          co_return make_error(ErrorCode::kInvalidArgument, "the request is not a valid message");
        const Result<void> done = co_await handler(std::move(request));
        if (!done.ok()) co_return done.error();
        co_return std::string();
      });
}

// The same for work that does not wait: function is Result<void>(Request).
template <class Request, class Function>
void handle_now(ttrpc::Server& server, const char* method, Function function) {
  handle_empty<Request>(
      server, method,
      [function = std::move(function)](Request request) -> boost::asio::awaitable<Result<void>> {
        co_return function(std::move(request));
      });
}

// Work that does not wait and has an answer: function is Result<Response>(Request).
template <class Request, class Response, class Function>
void answer_now(ttrpc::Server& server, const char* method, Function function) {
  ttrpc::handle<Request, Response>(
      server, kAgentService, method,
      [function = std::move(function)](Request request)
          -> boost::asio::awaitable<Result<Response>> { co_return function(std::move(request)); });
}

}  // namespace kata::agent
