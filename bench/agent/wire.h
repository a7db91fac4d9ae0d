// SPDX-License-Identifier: Apache-2.0
//
// The load generator's end of a ttRPC connection: blocking, without a copy or a system call that
// could be spared, so that what is measured is the server.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/agent/fail.h"
#include "kata/unique_fd.h"
#include "protocol/ttrpc/message.h"

namespace kata::bench {

struct Reply {
  std::uint32_t stream_id = 0;
  std::string_view payload{};  // until the next receive()
};

class Wire {
 public:
  explicit Wire(UniqueFd stream) : stream_(std::move(stream)) {}

  int fd() const { return stream_.get(); }

  // Sends `frame`, made by ttrpc::encode_call, under the next stream id, which it returns.
  std::uint32_t send(std::string& frame);
  // The same frame `count` times in one write.
  void send_many(std::string& frame, std::size_t count);

  Reply receive();
  void drain();            // reads until the server closes the connection
  bool has_reply() const;  // one that receive() returns without reading

  // One call, its reply decoded. Fails the bench on an error.
  template <class Response, class Request>
  Response call(std::string_view service, std::string_view method, const Request& request);

 private:
  std::size_t available() const { return end_ - start_; }
  std::uint32_t length_ahead() const;  // of the frame whose header is there
  void read_more();
  void write_all(std::string_view bytes);

  UniqueFd stream_;
  std::uint32_t next_id_ = 1;
  std::string buffer_ = std::string(1U << 20, '\0');
  std::size_t start_ = 0, end_ = 0;
};

inline constexpr const char* kAgentService = "grpc.AgentService";

std::string frame_of(std::string_view service, std::string_view method, std::string_view payload);

// The bytes of a length-delimited field of a protobuf message; empty when it is absent.
std::string_view bytes_field(std::string_view message, unsigned number);

template <class Response, class Request>
Response Wire::call(std::string_view service, std::string_view method, const Request& request) {
  std::string frame = frame_of(service, method, request.SerializeAsString());
  const std::uint32_t stream_id = send(frame);
  const Reply reply = receive();
  if (reply.stream_id != stream_id) fail("a reply to another call");
  auto payload = ttrpc::decode_reply(std::string(reply.payload));
  if (!payload.ok()) fail(std::string(method) + ": " + payload.error().message);
  Response response;
  if (!response.ParseFromString(payload.value())) fail(std::string(method) + ": no valid reply");
  return response;
}

}  // namespace kata::bench
