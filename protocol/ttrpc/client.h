// SPDX-License-Identifier: Apache-2.0
//
// A ttRPC client: any number of concurrent calls over one byte stream, replies in any order.
//
// Threads: everything runs on the executor given to connect-time; call() is awaited there. Use
// BlockingClient (blocking_client.h) from programs without a loop. Losing the connection fails
// every pending call with kUnavailable.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::ttrpc {

struct CallOptions {
  std::chrono::nanoseconds timeout{0};  // sent as timeout_nano and kept locally too; 0: none
};

struct ClientOptions {
  // For a stream that may still hold replies to somebody else, such as a virtio-serial port: skips
  // what is no reply to a call of ours. See frame_scanner.h for the limits.
  bool resynchronise = false;
};

class Client {
 public:
  // `stream` is a connected socket or a character device; it becomes non-blocking. The executor's
  // context outlives the client.
  Client(boost::asio::any_io_executor executor, UniqueFd stream, ClientOptions options = {});
  ~Client();  // as close()
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // The reply's payload. Cancelling the awaiting coroutine gives the call up; a late reply is
  // dropped. Waits while 16 MiB of earlier calls are not yet written.
  boost::asio::awaitable<Result<std::string>> call(std::string_view service,
                                                   std::string_view method, std::string payload,
                                                   CallOptions options = {});

  // Completes when the connection is gone, with the reason.
  boost::asio::awaitable<Error> closed();

  void close();  // fails every pending call with kCancelled

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// call() with protobuf messages: Response is default-constructed from an empty payload.
template <class Response, class Request>
boost::asio::awaitable<Result<Response>> call(Client& client, std::string_view service,
                                              std::string_view method, const Request& request,
                                              CallOptions options = {}) {
  auto payload = co_await client.call(service, method, request.SerializeAsString(), options);
  if (!payload.ok()) co_return std::move(payload).error();
  Response response;
  if (!response.ParseFromString(payload.value()))
    co_return make_error(ErrorCode::kInternal,
                         std::string(method) + ": the reply is not a valid message");
  co_return response;
}

}  // namespace kata::ttrpc
