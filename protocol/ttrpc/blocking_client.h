// SPDX-License-Identifier: Apache-2.0
//
// One ttRPC call at a time over a unix socket, without an event loop: what the short-lived verbs of
// kata-runtime need. Plain read(2) and write(2) with poll(2); no Boost.Asio in the caller. Threads:
// one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "protocol/ttrpc/frame_scanner.h"

namespace kata::ttrpc {

class BlockingClient {
 public:
  static Result<BlockingClient> connect(const std::filesystem::path& socket);
  explicit BlockingClient(UniqueFd stream);

  // kTimeout at the deadline, kUnavailable when the peer closes. A call that could not be sent
  // whole ends the connection: later ones fail with kUnavailable.
  Result<std::string> call(std::string_view service, std::string_view method,
                           std::string_view payload, Deadline deadline);

 private:
  Result<void> send(std::string_view bytes, Deadline deadline);
  Result<Frame> receive(Deadline deadline);

  UniqueFd stream_;
  FrameScanner scanner_;
  std::uint32_t next_stream_id_ = 1;
};

template <class Response, class Request>
Result<Response> call(BlockingClient& client, std::string_view service, std::string_view method,
                      const Request& request, Deadline deadline) {
  const std::string payload =
      KATA_TRY(client.call(service, method, request.SerializeAsString(), deadline), "");
  Response response;
  if (!response.ParseFromString(payload))
    return make_error(ErrorCode::kInternal,
                      std::string(method) + ": the reply is not a valid message");
  return response;
}

}  // namespace kata::ttrpc
