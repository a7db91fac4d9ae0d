// SPDX-License-Identifier: Apache-2.0
//
// A sandbox's proxy on a unix socket, with the answers that a test gives it; keeps the last payload
// of each method. It runs on a thread of its own, so that blocking clients can be tested.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "kata/unix_socket.h"
#include "protocol/ttrpc/server.h"

namespace kata::fakes {

class FakeProxy {
 public:
  using Answer = std::function<Result<std::string>(const std::string& payload)>;

  explicit FakeProxy(const std::filesystem::path& socket)
      : listener_(loop_, boost::asio::local::stream_protocol(),
                  listen_unix(socket).take().release()) {
    server_.set_fallback(
        [this](std::string, std::string method, std::string payload, std::chrono::nanoseconds) {
          return reply(std::move(method), std::move(payload));
        });
    boost::asio::co_spawn(loop_, accept(), boost::asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~FakeProxy() {
    boost::asio::post(loop_, [this] { loop_.stop(); });
    thread_.join();
  }
  FakeProxy(const FakeProxy&) = delete;
  FakeProxy& operator=(const FakeProxy&) = delete;

  // A method without an answer is one that the peer does not know.
  void answer(const std::string& method, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_[method] = std::move(answer);
  }
  template <class Response>
  void answer_with(const std::string& method, const Response& response) {
    answer(method, [text = response.SerializeAsString()](const std::string&) { return text; });
  }

  // The last request of this method; empty when there was none.
  template <class Request>
  std::optional<Request> request(const std::string& method) {
    const std::lock_guard lock(mutex_);
    const auto found = payloads_.find(method);
    Request request;
    if (found == payloads_.end() || !request.ParseFromString(found->second)) return std::nullopt;
    return request;
  }

 private:
  boost::asio::awaitable<Result<std::string>> reply(std::string method, std::string payload) {
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      payloads_[method] = payload;
      answer = answers_[method];
    }
    if (!answer) co_return make_error(ErrorCode::kUnsupported, method + " is not implemented");
    co_return answer(payload);
  }

  boost::asio::awaitable<void> accept() {
    for (;;) {
      auto stream = co_await listener_.async_accept(boost::asio::use_awaitable);
      boost::asio::co_spawn(loop_, server_.serve(UniqueFd(stream.release())),
                            boost::asio::detached);
    }
  }

  boost::asio::io_context loop_{1};
  boost::asio::local::stream_protocol::acceptor listener_;
  ttrpc::Server server_;
  std::mutex mutex_;
  std::map<std::string, Answer> answers_{};
  std::map<std::string, std::string> payloads_{};
  std::thread thread_;
};

}  // namespace kata::fakes
