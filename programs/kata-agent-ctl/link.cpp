// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/link.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <exception>

#include "kata/concat.h"

namespace kata::agentctl {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> ask(ttrpc::Client& client, std::string_view service, std::string_view method,
                          std::string payload, std::chrono::nanoseconds timeout,
                          std::optional<Result<std::string>>& reply) {
  const ttrpc::CallOptions options{timeout};
  Result<std::string> got = co_await client.call(service, method, std::move(payload), options);
  reply.emplace(std::move(got));
}

asio::awaitable<void> note_end(asio::awaitable<Error> closed, std::shared_ptr<bool> lost) {
  (void)co_await std::move(closed);
  *lost = true;
}

}  // namespace

Result<ttrpc::Client> Link::connect(asio::io_context& loop) const {
  if (!settings_.endpoint)
    return make_error(ErrorCode::kInvalidArgument,
                      "no address: give --server-address, or set KATA_AGENT_SERVER_ADDR");
  const Deadline deadline = std::chrono::steady_clock::now() + settings_.connect_timeout;
  UniqueFd stream = KATA_TRY(open_endpoint(*settings_.endpoint, deadline),
                             concat("connect to ", settings_.address));
  const ttrpc::ClientOptions options{
      .resynchronise = std::holds_alternative<SerialAddress>(*settings_.endpoint)};
  return ttrpc::Client(loop.get_executor(), std::move(stream), options);
}

Answer Link::call(std::string_view service, std::string_view method, const std::string& payload,
                  std::chrono::nanoseconds timeout) {
  if (!client_) {
    Result<ttrpc::Client> connected = connect(loop_);
    if (!connected.ok()) return {std::move(connected).error(), true};
    client_.emplace(connected.take());
    lost_ = std::make_shared<bool>(false);
    asio::co_spawn(loop_, note_end(client_->closed(), lost_), asio::detached);
  }
  std::optional<Result<std::string>> reply;
  asio::cancellation_signal give_up;
  asio::signal_set interrupt(loop_, SIGINT);
  interrupt.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) give_up.emit(asio::cancellation_type::terminal);
  });
  loop_.restart();
  asio::co_spawn(loop_, ask(*client_, service, method, payload, timeout, reply),
                 asio::bind_cancellation_slot(give_up.slot(),
                                              [&](const std::exception_ptr&) { loop_.stop(); }));
  loop_.run();
  interrupt.cancel();
  loop_.restart();
  loop_.poll();  // the end of the connection is heard a moment after the end of its calls
  if (!reply) return {make_error(ErrorCode::kInternal, "the call ended without an answer")};
  const bool lost = *lost_ && !reply->ok();
  if (*lost_) client_.reset();
  return {std::move(*reply), lost};
}

}  // namespace kata::agentctl
