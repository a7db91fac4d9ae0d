// SPDX-License-Identifier: Apache-2.0
#include "sandbox/console_relay.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <utility>

#include "core/base/log.h"
#include "core/base/peer.h"
#include "kata/unix_socket.h"
#include "sandbox/agent_dial.h"
#include "sandbox/console_end.h"
#include "sandbox/event.h"

namespace kata::sandbox {

namespace asio = boost::asio;

namespace {

using Stream = asio::posix::stream_descriptor;

constexpr std::chrono::seconds kDialTime{10};
// A guest sees that a serial port was hung up only while it is: one that is busy would take the next
// client for the last one.
constexpr std::chrono::milliseconds kLineDown{500};
constexpr std::size_t kChunk = 4096;

asio::awaitable<bool> write_all(Stream& to, std::string text) {
  const auto [error, written] =
      co_await asio::async_write(to, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
  co_return !error;
}

asio::awaitable<void> pump(Stream& from, Stream& to, ConsoleEndFinder* end) {
  std::array<char, kChunk> block{};
  for (;;) {
    const auto [error, got] =
        co_await from.async_read_some(asio::buffer(block), asio::as_tuple(asio::use_awaitable));
    if (error || got == 0) co_return;
    std::string text(block.data(), got);
    if (end != nullptr) text = end->take(text);
    const bool written = co_await write_all(to, std::move(text));
    if (!written || (end != nullptr && end->seen())) co_return;
  }
}

}  // namespace

Result<std::shared_ptr<ConsoleRelay>> ConsoleRelay::open(asio::any_io_executor loop,
                                                         const std::filesystem::path& directory,
                                                         AgentAddress console) {
  std::filesystem::path socket = directory / kDebugConsoleSocket;
  UniqueFd listener = KATA_TRY(listen_unix(socket), "");
  ::fcntl(listener.get(), F_SETFL, O_NONBLOCK);
  std::shared_ptr<ConsoleRelay> relay(
      new ConsoleRelay(loop, std::move(socket), std::move(listener), std::move(console)));
  asio::co_spawn(loop, accept_clients(relay), asio::detached);
  return relay;
}

ConsoleRelay::ConsoleRelay(asio::any_io_executor loop, std::filesystem::path socket,
                           UniqueFd listener, AgentAddress console)
    : loop_(loop),
      socket_(std::move(socket)),
      listener_(loop, listener.release()),
      console_(std::move(console)) {}

asio::awaitable<void> ConsoleRelay::accept_clients(std::shared_ptr<ConsoleRelay> self) {
  for (;;) {
    const auto [error] =
        co_await self->listener_.async_wait(Stream::wait_read, asio::as_tuple(asio::use_awaitable));
    if (error || self->closing_) co_return;
    UniqueFd client(::accept4(self->listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) continue;
    if (auto allowed = check_peer(client.get()); !allowed.ok()) {
      log::warn("refused a connection", {{"error", allowed.error().message}});
      continue;
    }
    auto stream = std::make_shared<Stream>(self->loop_, client.release());
    asio::co_spawn(self->loop_, serve(self, std::move(stream)), asio::detached);
  }
}

asio::awaitable<void> ConsoleRelay::serve(std::shared_ptr<ConsoleRelay> self,
                                          std::shared_ptr<Stream> client) {
  if (self->is_serial() && !self->last_client_.expired()) {
    std::string busy = "kata: somebody else is at this debug console\r\n";
    (void)co_await write_all(*client, std::move(busy));
    co_return;
  }
  self->last_client_ = client;
  log::info("the guest's debug console is in use");
  co_await self->relay(*client);
  log::info("the guest's debug console is free");
}

asio::awaitable<void> ConsoleRelay::relay(Stream& client) {
  using namespace asio::experimental::awaitable_operators;
  if (is_serial()) co_await sleep_until(line_down_until_);
  const Deadline deadline = std::chrono::steady_clock::now() + kDialTime;
  AgentAddress address = console_;
  auto dialled = co_await dial_agent(std::move(address), deadline);
  if (!dialled.ok()) {
    std::string reason = "kata: reach the guest's debug console: ";
    reason += dialled.error().message;
    reason += "\r\n";
    (void)co_await write_all(client, std::move(reason));
    co_return;
  }
  UniqueFd connected = dialled.take();
  Stream guest(loop_, connected.release());
  ConsoleEndFinder end;
  ConsoleEndFinder* const finder = is_serial() ? &end : nullptr;
  co_await (pump(client, guest, nullptr) || pump(guest, client, finder));
  line_down_until_ = std::chrono::steady_clock::now() + kLineDown;
}

void ConsoleRelay::close() {
  closing_ = true;
  ::unlink(socket_.c_str());
  listener_.close();
  if (const auto client = last_client_.lock()) client->close();
}

}  // namespace kata::sandbox
