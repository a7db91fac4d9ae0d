// SPDX-License-Identifier: Apache-2.0
#include "sandbox/management/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <utility>
#include <variant>

#include "core/base/log.h"
#include "core/base/peer.h"
#include "sandbox/management/endpoints.h"

namespace kata::management {

namespace asio = boost::asio;
using asio::experimental::awaitable_operators::operator||;

namespace {

using Socket = asio::local::stream_protocol::socket;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view kEndOfHead = "\r\n\r\n";

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

Error gone() { return make_error(ErrorCode::kUnavailable, "the client has gone"); }

struct Request {
  RequestHead head{};
  std::string body{};
};

using RequestOrRefusal = std::variant<Request, Response>;

asio::awaitable<Result<void>> read_more(Socket& client, std::string& received) {
  std::array<char, 4096> piece;
  const auto [error, got] = co_await client.async_read_some(asio::buffer(piece), kAwait);
  if (error) co_return gone();
  received.append(piece.data(), got);
  co_return Result<void>();
}

asio::awaitable<Result<void>> write_all(Socket& client, std::string text) {
  const auto [error, written] = co_await asio::async_write(client, asio::buffer(text), kAwait);
  if (error || written != text.size()) co_return gone();
  co_return Result<void>();
}

// The size of the head in `received`, once it is there.
asio::awaitable<Result<std::size_t>> read_head(Socket& client, std::string& received) {
  std::size_t end = 0;
  while ((end = received.find(kEndOfHead)) == std::string::npos && received.size() <= kMostHead)
    KATA_CO_CHECK(co_await read_more(client, received), "");
  co_return end == std::string::npos ? received.size() : end + kEndOfHead.size();
}

asio::awaitable<Result<RequestOrRefusal>> read_request(Socket& client) {
  std::string received;
  KATA_CO_TRY(const std::size_t head_bytes, co_await read_head(client, received), "");
  if (head_bytes > kMostHead)
    co_return RequestOrRefusal(refusal(431, "the head has more than 8 KiB"));
  auto parsed = parse_head(std::string_view(received).substr(0, head_bytes));
  if (auto* refused = std::get_if<Response>(&parsed))
    co_return RequestOrRefusal(std::move(*refused));
  Request request;
  request.head = std::get<RequestHead>(std::move(parsed));
  if (auto refused = refuse_early(request.head)) co_return RequestOrRefusal(std::move(*refused));
  request.body = received.substr(head_bytes);
  if (request.head.waits_for_continue && request.body.size() < request.head.body_bytes) {
    std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    KATA_CO_CHECK(co_await write_all(client, std::move(go_on)), "");
  }
  while (request.body.size() < request.head.body_bytes)
    KATA_CO_CHECK(co_await read_more(client, request.body), "");
  if (request.body.size() > request.head.body_bytes)
    co_return RequestOrRefusal(refusal(400, "bytes after the request: one a connection"));
  co_return RequestOrRefusal(std::move(request));
}

}  // namespace

Server::Server(asio::any_io_executor loop, UniqueFd listener, Subject& subject, Limits limits)
    : loop_(loop),
      listener_(loop, asio::local::stream_protocol(), listener.release()),
      subject_(subject),
      limits_(limits),
      idle_(loop),
      room_(loop, Deadline::max()) {}

asio::awaitable<void> Server::accept_clients() {
  while (!closing_) {
    while (clients_ >= limits_.clients && !closing_) co_await room_.async_wait(kAwait);
    if (closing_) co_return;
    auto [error, client] = co_await listener_.async_accept(kAwait);
    // When the server has been destroyed this coroutine ends without a look at it.
    if (error == asio::error::operation_aborted || closing_) co_return;
    if (error) {  // no descriptor is free, for example
      co_await sandbox::sleep_until(in(std::chrono::milliseconds(100)));
      continue;
    }
    if (auto allowed = check_peer(client.native_handle()); !allowed.ok()) {
      log::warn("refused a connection", {{"error", allowed.error().message}});
      continue;
    }
    ++clients_;
    asio::co_spawn(loop_, serve(std::move(client)), asio::detached);
  }
}

asio::awaitable<void> Server::serve(Socket client) {
  co_await converse(client);
  --clients_;
  room_.cancel();
  if (closing_ && clients_ == 0) idle_.set();
}

asio::awaitable<void> Server::converse(Socket& client) {
  auto response = co_await respond(client);
  if (!response.ok()) co_return;
  std::string text = wire_form(response.value());
  co_await (write_all(client, std::move(text)) || sandbox::sleep_until(in(limits_.reply)));
  boost::system::error_code ignored;
  client.shutdown(Socket::shutdown_both, ignored);
}

asio::awaitable<Result<Response>> Server::respond(Socket& client) {
  auto outcome = co_await (read_request(client) || sandbox::sleep_until(in(limits_.request)));
  if (outcome.index() == 1) co_return refusal(408, "the request took too long");
  KATA_CO_TRY(RequestOrRefusal read, std::get<0>(std::move(outcome)), "");
  if (auto* refused = std::get_if<Response>(&read)) co_return std::move(*refused);
  Request request = std::get<Request>(std::move(read));
  co_return co_await answer(subject_, std::move(request.head), std::move(request.body));
}

asio::awaitable<void> Server::drain(Deadline deadline) {
  closing_ = true;
  listener_.close();
  room_.cancel();
  if (clients_ != 0) co_await idle_.wait_until(deadline);
}

}  // namespace kata::management
