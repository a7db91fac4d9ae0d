// SPDX-License-Identifier: Apache-2.0
#include "sandbox/agent_dial.h"

#include <linux/vm_sockets.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>

#include <algorithm>
#include <string>

#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "sandbox/event.h"

namespace kata::sandbox {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kFirstPause{10}, kLongestPause{500};
// Of one handshake: a guest whose driver is not up yet may lose the request without a word.
constexpr std::chrono::seconds kHandshake{3};
constexpr std::size_t kLongestGreeting = 64;  // "OK 1073741824\n" and room

Error no_time() { return make_error(ErrorCode::kTimeout, "not connected in time"); }

asio::awaitable<Result<UniqueFd>> connect_once(SerialAddress address) {
  co_return connect_unix(address.socket);
}

// A hybrid vsock is a unix socket that answers "CONNECT <port>" with a line that begins with OK.
asio::awaitable<Result<UniqueFd>> connect_once(HybridVsockAddress address) {
  KATA_CO_TRY(UniqueFd fd, connect_unix(address.socket), "");
  const std::string greeting = concat("CONNECT ", address.port, '\n');
  // A new socket takes it whole, and one that has hung up raises no signal.
  const bool sent = ::send(fd.get(), greeting.data(), greeting.size(), MSG_NOSIGNAL) > 0;
  asio::posix::stream_descriptor stream(co_await asio::this_coro::executor, fd.release());
  std::string answer;
  boost::system::error_code error;
  while (sent && !error && !answer.ends_with('\n') && answer.size() < kLongestGreeting) {
    char byte = 0;  // one at a time: what follows the line belongs to ttRPC
    auto [read_error, got] = co_await asio::async_read(stream, asio::buffer(&byte, 1),
                                                       asio::as_tuple(asio::use_awaitable));
    error = read_error;
    if (!error) answer.push_back(byte);
  }
  if (!answer.starts_with("OK") || !answer.ends_with('\n'))
    co_return make_error(ErrorCode::kUnavailable,
                         concat("the VMM did not connect vsock port ", address.port));
  co_return UniqueFd(stream.release());
}

asio::awaitable<Result<UniqueFd>> connect_in_time(HybridVsockAddress address) {
  using namespace asio::experimental::awaitable_operators;
  const Deadline deadline = std::chrono::steady_clock::now() + kHandshake;
  auto first = co_await (connect_once(std::move(address)) || sleep_until(deadline));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return make_error(ErrorCode::kTimeout, "the VMM did not answer CONNECT");
}

asio::awaitable<Result<UniqueFd>> connect_once(VsockAddress address) {
  UniqueFd fd(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) co_return errno_error("make vsock socket", errno);
  sockaddr_vm peer{};
  peer.svm_family = AF_VSOCK;
  peer.svm_cid = address.cid;
  peer.svm_port = address.port;
  const std::string action = concat("connect to vsock ", address.cid, ':', address.port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0) co_return fd;
  if (errno != EINPROGRESS) co_return errno_error(action, errno);
  asio::posix::stream_descriptor stream(co_await asio::this_coro::executor, fd.release());
  co_await stream.async_wait(asio::posix::stream_descriptor::wait_write,
                             asio::as_tuple(asio::use_awaitable));
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(stream.native_handle(), SOL_SOCKET, SO_ERROR, &number, &size) != 0)
    number = errno;
  if (number != 0) co_return errno_error(action, number);
  co_return UniqueFd(stream.release());
}

bool worth_another_try(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kNotFound ||
         error.code == ErrorCode::kTimeout;
}

asio::awaitable<Result<UniqueFd>> dial(AgentAddress address, std::string* last_failure) {
  auto pause = kFirstPause;
  for (;;) {
    Result<UniqueFd> connected = no_time();
    if (const auto* serial = std::get_if<SerialAddress>(&address))
      connected = co_await connect_once(*serial);
    else if (const auto* hybrid = std::get_if<HybridVsockAddress>(&address))
      connected = co_await connect_in_time(*hybrid);
    else
      connected = co_await connect_once(std::get<VsockAddress>(address));
    if (connected.ok() || !worth_another_try(connected.error())) co_return connected;
    *last_failure = connected.error().message;
    co_await sleep_until(std::chrono::steady_clock::now() + pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace

asio::awaitable<Result<UniqueFd>> dial_agent(AgentAddress address, Deadline deadline) {
  using namespace asio::experimental::awaitable_operators;
  std::string last_failure;
  auto first = co_await (dial(std::move(address), &last_failure) || sleep_until(deadline));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  Error error = no_time();
  if (!last_failure.empty()) error.message += concat("; the last try: ", last_failure);
  co_return error;
}

}  // namespace kata::sandbox
