// SPDX-License-Identifier: Apache-2.0
//
// A guest's agent on a unix socket: notes each call in the log and keeps the last payload of each
// method. Threads: the loop's only.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "agent.pb.h"
#include "health.pb.h"
#include "kata/unix_socket.h"
#include "protocol/ttrpc/server.h"
#include "tests/fakes/call_log.h"

namespace kata::fakes {

class FakeAgent {
 public:
  FakeAgent(boost::asio::io_context& loop, CallLog& log, const std::filesystem::path& socket)
      : loop_(loop), log_(log), listener_(loop, listen_unix(socket).take().release()) {
    answer("grpc.Health", "Check", [this] {
      nap_.cancel();
      grpc::HealthCheckResponse response;
      response.set_status(grpc::HealthCheckResponse::SERVING);
      return response.SerializeAsString();
    });
    for (const char* method : {"CreateSandbox", "CreateContainer", "StartContainer",
                               "RemoveContainer", "UpdateInterface", "UpdateRoutes"})
      answer("grpc.AgentService", method, [] { return std::string(); });
    answer("grpc.AgentService", "DestroySandbox", [this] {
      if (on_destroy) on_destroy();
      return std::string();
    });
    server_.handle("grpc.AgentService", "WaitProcess", [this](std::string) { return never(); });
    server_.handle("grpc.AgentService", "GetOOMEvent",
                   [this](std::string) { return next_oom_event(); });
    boost::asio::co_spawn(loop_, accept(), boost::asio::detached);
  }

  std::map<std::string, std::string> payloads{};  // the last of each method
  std::function<void()> on_destroy{};
  bool silent = false;                 // takes connections and never answers
  std::chrono::milliseconds delay{0};  // before each reply
  std::string naps_in{};               // this method's reply waits for the next Health.Check

  std::deque<std::string> oom_events{};  // container ids that GetOOMEvent has yet to tell
  bool tells_oom = true;                 // false: GetOOMEvent is not implemented

  void hang_up() { connection_.cancel(); }

 private:
  template <class Reply>
  void answer(const char* service, const char* method, Reply reply) {
    server_.handle(
        service, method,
        [this, method, reply](std::string payload) -> boost::asio::awaitable<Result<std::string>> {
          payloads[method] = std::move(payload);
          KATA_CO_CHECK(log_.enter(concat("agent.", method)), "");
          boost::asio::steady_timer timer(loop_, delay);
          co_await timer.async_wait(boost::asio::use_awaitable);
          if (method == naps_in)
            co_await nap_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
          co_return reply();
        });
  }

  boost::asio::awaitable<Result<std::string>> never() {
    boost::asio::steady_timer timer(loop_, Deadline::max());
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return std::string();
  }

  boost::asio::awaitable<Result<std::string>> next_oom_event() {
    boost::asio::steady_timer timer(loop_);
    while (tells_oom && oom_events.empty()) {
      timer.expires_after(std::chrono::milliseconds(2));
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    if (!tells_oom) co_return make_error(ErrorCode::kUnsupported, "not implemented");
    grpc::OOMEvent event;
    event.set_container_id(oom_events.front());
    oom_events.pop_front();
    co_return event.SerializeAsString();
  }

  boost::asio::awaitable<void> accept() {
    for (;;) {
      co_await listener_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                    boost::asio::use_awaitable);
      UniqueFd client(::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
      if (silent)
        mute_.push_back(std::move(client));
      else
        boost::asio::co_spawn(loop_, serve(std::move(client)), boost::asio::detached);
    }
  }

  boost::asio::awaitable<void> serve(UniqueFd client) {
    connection_.peer.reset(::dup(client.get()));
    co_await server_.serve(std::move(client));
  }

  struct Connection {
    UniqueFd peer{};
    void cancel() { ::shutdown(peer.get(), SHUT_RDWR); }
  };

  boost::asio::io_context& loop_;
  CallLog& log_;
  boost::asio::posix::stream_descriptor listener_;
  ttrpc::Server server_;
  boost::asio::steady_timer nap_{loop_, Deadline::max()};
  std::vector<UniqueFd> mute_{};
  Connection connection_{};
};

}  // namespace kata::fakes
