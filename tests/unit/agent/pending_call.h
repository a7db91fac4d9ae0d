// SPDX-License-Identifier: Apache-2.0
//
// A call that the agent has read and not answered, on a connection of its own.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "kata/unix_socket.h"
#include "protocol/ttrpc/frame_scanner.h"
#include "protocol/ttrpc/message.h"

class PendingCall {
 public:
  // Returns when a check that was sent behind the call has its answer.
  PendingCall(const std::filesystem::path& socket, std::string_view method,
              std::string_view payload) {
    auto stream = kata::connect_unix(socket);
    REQUIRE(stream.ok());
    stream_ = std::move(stream.value());
    send("grpc.AgentService", method, payload, kCall);
    send("grpc.Health", "Check", "", kCheck);
    REQUIRE(receive().header.stream_id == kCheck);
  }

  std::string reply() {
    const kata::ttrpc::Frame frame = receive();
    REQUIRE(frame.header.stream_id == kCall);
    const auto payload = kata::ttrpc::decode_reply(frame.payload);
    REQUIRE_MESSAGE(payload.ok(), payload.error().message);
    return payload.value();
  }

 private:
  static constexpr std::uint32_t kCall = 1, kCheck = 3;

  void send(std::string_view service, std::string_view method, std::string_view payload,
            std::uint32_t stream_id) {
    auto call = kata::ttrpc::encode_call(service, method, payload, std::chrono::seconds(60));
    REQUIRE(call.ok());
    kata::ttrpc::stamp_stream_id(call.value(), stream_id);
    REQUIRE(::send(stream_.get(), call.value().data(), call.value().size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(call.value().size()));
  }

  kata::ttrpc::Frame receive() {
    char buffer[4096];
    for (;;) {
      if (auto frame = scanner_.next()) return std::move(*frame);
      const ssize_t got = ::read(stream_.get(), buffer, sizeof buffer);
      REQUIRE(got > 0);
      scanner_.feed(std::string_view(buffer, static_cast<std::size_t>(got)));
    }
  }

  kata::UniqueFd stream_{};
  kata::ttrpc::FrameScanner scanner_{};
};
