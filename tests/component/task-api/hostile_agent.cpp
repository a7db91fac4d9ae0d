// SPDX-License-Identifier: Apache-2.0
#include "tests/component/task-api/hostile_agent.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <utility>

#include "protocol/ttrpc/frame.h"
#include "protocol/ttrpc/message.h"

namespace kata::test {

namespace asio = boost::asio;
using asio::local::stream_protocol;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// A whole frame; empty: the peer has gone.
asio::awaitable<std::string> read_frame(stream_protocol::socket& from) {
  std::string frame(ttrpc::kHeaderSize, '\0');
  const auto [no_header, header_size] =
      co_await asio::async_read(from, asio::buffer(frame), kAwait);
  if (no_header) co_return std::string();
  const auto bytes = std::as_bytes(std::span<const char, ttrpc::kHeaderSize>(frame));
  const std::uint32_t length = ttrpc::decode_header(bytes).length;
  frame.resize(ttrpc::kHeaderSize + length);
  const auto [no_payload, payload_size] = co_await asio::async_read(
      from, asio::buffer(frame.data() + ttrpc::kHeaderSize, length), kAwait);
  if (no_payload) co_return std::string();
  co_return frame;
}

asio::awaitable<bool> write_all(stream_protocol::socket& to, const std::string& bytes) {
  const auto [failure, size] = co_await asio::async_write(to, asio::buffer(bytes), kAwait);
  co_return !failure;
}

}  // namespace

HostileAgent::HostileAgent(asio::io_context& loop, const std::filesystem::path& socket,
                           std::filesystem::path honest, std::string method, Attack attack)
    : acceptor_(loop, stream_protocol::endpoint(socket.native())),
      plan_(std::make_shared<Plan>(Plan{std::move(honest), std::move(method), std::move(attack)})) {
  asio::co_spawn(loop, accept(), asio::detached);
}

asio::awaitable<void> HostileAgent::accept() {
  const auto loop = co_await asio::this_coro::executor;
  const auto plan = plan_;
  for (;;) {
    const auto line = std::make_shared<Line>(loop);
    const auto [failure] = co_await acceptor_.async_accept(line->shim, kAwait);
    if (failure) co_return;
    ++plan->connections;
    line->honest.connect(stream_protocol::endpoint(plan->honest.native()));
    asio::co_spawn(loop, pass_calls(plan, line), asio::detached);
    asio::co_spawn(loop, pass_replies(line), asio::detached);
  }
}

asio::awaitable<void> HostileAgent::pass_calls(std::shared_ptr<Plan> plan,
                                               std::shared_ptr<Line> line) {
  const auto loop = co_await asio::this_coro::executor;
  for (;;) {
    const std::string frame = co_await read_frame(line->shim);
    if (frame.empty() || !plan->attack) break;
    const auto header = ttrpc::decode_header(
        std::as_bytes(std::span<const char, ttrpc::kHeaderSize>(frame.data(), ttrpc::kHeaderSize)));
    const auto call = ttrpc::decode_call(frame.substr(ttrpc::kHeaderSize));
    if (call.ok() && call.value().method == plan->method) {
      ++plan->attacks;
      asio::co_spawn(loop, write(line, plan->attack(header.stream_id)), asio::detached);
      continue;
    }
    const bool passed = co_await write_all(line->honest, frame);
    if (!passed) break;
  }
  boost::system::error_code ignored;
  line->honest.close(ignored);
}

asio::awaitable<void> HostileAgent::pass_replies(std::shared_ptr<Line> line) {
  for (;;) {
    const std::string frame = co_await read_frame(line->honest);
    if (frame.empty()) break;
    const bool passed = co_await tell_shim(line, frame);
    if (!passed) break;
  }
  boost::system::error_code ignored;
  line->shim.close(ignored);
}

asio::awaitable<void> HostileAgent::write(std::shared_ptr<Line> line, Answer answer) {
  bool written = co_await tell_shim(line, answer.bytes);
  while (written && answer.endless) written = co_await tell_shim(line, answer.bytes);
  boost::system::error_code ignored;
  if (answer.hangs_up) line->shim.close(ignored);
}

// One after the other, so that what is passed on stays whole.
asio::awaitable<bool> HostileAgent::tell_shim(std::shared_ptr<Line> line,
                                              const std::string& bytes) {
  while (line->busy) co_await line->turn.async_wait(kAwait);
  line->busy = true;
  const bool told = co_await write_all(line->shim, bytes);
  line->busy = false;
  line->turn.cancel();
  co_return told;
}

}  // namespace kata::test
