// SPDX-License-Identifier: Apache-2.0
//
// An agent on a unix socket with one process, whose output the test writes and whose end the test
// decides. It runs on a thread of its own.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent.pb.h"
#include "kata/unix_socket.h"
#include "protocol/ttrpc/server.h"

namespace kata::test {

namespace asio = boost::asio;

class FakeAgent {
  template <class Work>
  auto with_lock(Work work) {
    const std::lock_guard lock(mutex_);
    return work();
  }

 public:
  explicit FakeAgent(const std::filesystem::path& socket)
      : listener_(loop_, asio::local::stream_protocol(), listen_unix(socket).take().release()) {
    serve_streams();
    serve_process();
    asio::co_spawn(loop_, accept(), asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
  }

  ~FakeAgent() { stop(); }
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;

  // As when the sandbox dies: every connection is cut.
  void stop() {
    asio::post(loop_, [this] { loop_.stop(); });
    if (thread_.joinable()) thread_.join();
    ::shutdown(client_, SHUT_RDWR);
  }

  void print(const std::string& text) {
    with_lock([&] { out_.push_back(text); });
  }
  void print_error(const std::string& text) {
    with_lock([&] { err_.push_back(text); });
  }
  void exit(int status) {
    with_lock([&] { status_ = status; });
  }
  void end_output() {
    with_lock([&] { output_ended_ = true; });
  }

  std::string input() {
    return with_lock([&] { return input_; });
  }
  bool input_closed() {
    return with_lock([&] { return input_closed_; });
  }
  std::vector<int> signals() {
    return with_lock([&] { return signals_; });
  }
  bool asked_to_wait() {
    return with_lock([&] { return waiting_; });
  }
  std::string named() {
    return with_lock([&] { return named_; });
  }

 private:
  asio::awaitable<void> accept() {
    auto stream = co_await listener_.async_accept(asio::use_awaitable);
    client_ = stream.native_handle();
    const UniqueFd fd(stream.release());
    client_ = fd.get();
    co_await server_.serve(UniqueFd(::dup(fd.get())));
  }

  // Until condition() gives something. Polling keeps the test's side free of the loop.
  template <class Condition>
  asio::awaitable<typename std::invoke_result_t<Condition>::value_type> until(Condition condition) {
    asio::steady_timer timer(loop_);
    for (;;) {
      if (auto found = with_lock(condition)) co_return std::move(*found);
      timer.expires_after(std::chrono::milliseconds(2));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  std::optional<std::string> next(std::deque<std::string>& queue) {
    if (!queue.empty()) {
      std::string text = std::move(queue.front());
      queue.pop_front();
      return text;
    }
    return output_ended_ ? std::optional(std::string()) : std::nullopt;
  }

  void serve_reads(const char* method, std::deque<std::string>& queue) {
    ttrpc::handle<grpc::ReadStreamRequest, grpc::ReadStreamResponse>(
        server_, "grpc.AgentService", method,
        [this,
         &queue](grpc::ReadStreamRequest) -> asio::awaitable<Result<grpc::ReadStreamResponse>> {
          grpc::ReadStreamResponse response;
          response.set_data(co_await until([this, &queue] { return next(queue); }));
          co_return response;
        });
  }

  void serve_streams() {
    serve_reads("ReadStdout", out_);
    serve_reads("ReadStderr", err_);
    ttrpc::handle<grpc::WriteStreamRequest, grpc::WriteStreamResponse>(
        server_, "grpc.AgentService", "WriteStdin",
        [this](grpc::WriteStreamRequest request)
            -> asio::awaitable<Result<grpc::WriteStreamResponse>> {
          with_lock([&] {
            input_ += request.data();
            input_closed_ = input_closed_ || request.data().empty();
          });
          grpc::WriteStreamResponse response;
          response.set_len(static_cast<std::uint32_t>(request.data().size()));
          co_return response;
        });
  }

  void serve_process() {
    ttrpc::handle<grpc::WaitProcessRequest, grpc::WaitProcessResponse>(
        server_, "grpc.AgentService", "WaitProcess",
        [this](grpc::WaitProcessRequest request)
            -> asio::awaitable<Result<grpc::WaitProcessResponse>> {
          with_lock([&] {
            waiting_ = true;
            named_ = request.container_id() + "/" + request.exec_id();
          });
          grpc::WaitProcessResponse response;
          response.set_status(co_await until([this] { return status_; }));
          co_return response;
        });
    ttrpc::handle<grpc::SignalProcessRequest, grpc::WaitProcessResponse>(
        server_, "grpc.AgentService", "SignalProcess",
        [this](grpc::SignalProcessRequest request)
            -> asio::awaitable<Result<grpc::WaitProcessResponse>> {
          with_lock([&] { signals_.push_back(static_cast<int>(request.signal())); });
          co_return grpc::WaitProcessResponse();
        });
  }

  asio::io_context loop_{1};
  asio::local::stream_protocol::acceptor listener_;
  ttrpc::Server server_;
  std::mutex mutex_;
  std::deque<std::string> out_, err_;
  std::optional<int> status_;
  bool output_ended_ = false, input_closed_ = false, waiting_ = false;
  std::string input_, named_;
  std::vector<int> signals_;
  int client_ = -1;
  std::thread thread_;
};

}  // namespace kata::test
