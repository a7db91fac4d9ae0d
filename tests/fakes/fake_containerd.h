// SPDX-License-Identifier: Apache-2.0
//
// The side of containerd that takes a shim's events. Threads: the loop's only.
#pragma once

#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "containerd/events.pb.h"
#include "kata/unix_socket.h"
#include "protocol/ttrpc/server.h"
#include "sandbox/socket_server.h"

namespace kata::fakes {

class FakeContainerd {
 public:
  FakeContainerd(boost::asio::io_context& loop, const std::filesystem::path& socket)
      : server_(loop.get_executor(), listen_unix(socket).take(), methods_), socket_path_(socket) {
    methods_.handle("containerd.services.events.ttrpc.v1.Events", "Forward",
                    [this](std::string payload) -> boost::asio::awaitable<Result<std::string>> {
                      if (failures > 0) {
                        --failures;
                        co_return make_error(ErrorCode::kUnavailable, "not yet");
                      }
                      containerd::events::ForwardRequest request;
                      if (!request.ParseFromString(payload))
                        co_return make_error(ErrorCode::kInvalidArgument, "no message");
                      if (request.envelope().topic() == refused)
                        co_return make_error(ErrorCode::kInvalidArgument, "refused");
                      taken.push_back(request.envelope());
                      co_return std::string();
                    });
    boost::asio::co_spawn(loop, server_.accept_clients(), boost::asio::detached);
  }
  ~FakeContainerd() { ::unlink(socket_path_.c_str()); }

  std::vector<containerd::events::Envelope> taken{};
  int failures = 0;
  std::string refused{};

 private:
  ttrpc::Server methods_{};
  sandbox::SocketServer server_;
  std::filesystem::path socket_path_;
};

}  // namespace kata::fakes
