// SPDX-License-Identifier: Apache-2.0
#include "api_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "api_replies.h"
#include "kata/concat.h"
#include "kata/send_fds.h"
#include "kata/unique_fd.h"
#include "kata/unix_socket.h"

namespace kata::cloudhv {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLookAgain{2};  // for a socket that the VMM is still to make
constexpr std::size_t kLongestWords = 512;

Error timed_out() {
  return make_error(ErrorCode::kTimeout, "no reply from cloud-hypervisor before the deadline");
}

Error vmm_ended() { return make_error(ErrorCode::kUnavailable, "cloud-hypervisor has ended"); }

// Until `socket` is ready; the end of the VMM and the deadline are errors.
Result<void> wait_ready(int socket, short events, int vmm_pidfd, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return timed_out();
    std::array<pollfd, 2> items{{{socket, events, 0}, {vmm_pidfd, POLLIN, 0}}};
    const auto timeout = static_cast<int>(std::min<decltype(left + 0)>(left, 60'000));
    const int ready = ::poll(items.data(), items.size(), timeout);
    if (ready < 0 && errno != EINTR) return errno_error("wait for cloud-hypervisor", errno);
    if (ready <= 0) continue;
    if (items[0].revents != 0) return {};  // first: a reply may have come before the end
    return vmm_ended();
  }
}

// A short pause; kTimeout, or the end of the VMM.
Error pause_until(Deadline deadline, int vmm_pidfd) {
  return wait_ready(-1, 0, vmm_pidfd, std::min(deadline, steady_clock::now() + kLookAgain)).error();
}

// The kernel makes connect(2) wait when the backlog is full; this one gives up at the deadline.
Result<UniqueFd> connect_by(const std::filesystem::path& path, int vmm_pidfd, Deadline deadline) {
  const NamedSocket named = KATA_TRY(name_socket(path), "");
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("make unix socket", errno);
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&named.address),
                   sizeof named.address) != 0) {
    if (errno != EAGAIN && errno != EINTR)
      return errno_error(concat("connect to '", path, "'"), errno);
    if (steady_clock::now() >= deadline) return timed_out();
    if (const Error why = pause_until(deadline, vmm_pidfd); why.code != ErrorCode::kTimeout)
      return why;
  }
  return fd;
}

Result<void> send_all(int socket, std::string_view text, std::span<const int> fds, int vmm_pidfd,
                      Deadline deadline) {
  while (!text.empty()) {
    KATA_TRY(wait_ready(socket, POLLOUT, vmm_pidfd, deadline), "");
    const ssize_t sent = send_with_fds(socket, text, fds, MSG_DONTWAIT);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
      fds = {};
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return {};  // it may have refused before it read everything: its reply says why
    } else if (errno != EAGAIN && errno != EINTR) {
      return errno_error("send to cloud-hypervisor", errno);
    }
  }
  return {};
}

Result<HttpReply> read_reply(int socket, int vmm_pidfd, Deadline deadline) {
  HttpReplyReader reader;
  std::array<char, 16384> block{};
  for (;;) {
    KATA_TRY(wait_ready(socket, POLLIN, vmm_pidfd, deadline), "");
    const ssize_t got = ::recv(socket, block.data(), block.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0 && errno != ECONNRESET) return errno_error("read from cloud-hypervisor", errno);
    if (got <= 0) {
      KATA_TRY(reader.end(), "cloud-hypervisor");
      return reader.take();
    }
    const std::string_view bytes(block.data(), static_cast<std::size_t>(got));
    if (KATA_TRY(reader.feed(bytes), "cloud-hypervisor")) return reader.take();
  }
}

std::string request_text(std::string_view method, std::string_view endpoint,
                         std::string_view body) {
  std::string text = concat(method, " /api/v1/", endpoint,
                            " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n");
  if (!body.empty()) text += "Content-Type: application/json\r\n";
  if (method != "GET") text += concat("Content-Length: ", body.size(), "\r\n");
  return concat(text, "\r\n", body);
}

Result<std::string> body_of(Result<HttpReply> exchanged) {
  HttpReply reply = KATA_TRY(std::move(exchanged), "");
  if (reply.status == 200 || reply.status == 204) return std::move(reply.body);
  return refusal(reply);
}

ErrorCode code_of_status(unsigned status) {
  switch (status) {
    case 400:
      return ErrorCode::kInvalidArgument;
    case 404:
      return ErrorCode::kNotFound;
    case 405:
      return ErrorCode::kFailedPrecondition;
    case 409:
      return ErrorCode::kAlreadyExists;
    case 429:
    case 503:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

ApiClient::ApiClient(std::filesystem::path socket, int vmm_pidfd)
    : socket_(std::move(socket)), vmm_pidfd_(vmm_pidfd) {}

Result<std::string> ApiClient::wait_until_up(Deadline deadline) const {
  for (;;) {
    auto pinged = get("vmm.ping", deadline);
    if (pinged.ok()) return pinged;
    const int number = pinged.error().sys_errno;
    if (number != ENOENT && number != ECONNREFUSED) return pinged;  // else: not made yet
    if (const Error why = pause_until(deadline, vmm_pidfd_); why.code != ErrorCode::kTimeout)
      return why;
    if (steady_clock::now() >= deadline) return timed_out();
  }
}

Result<std::string> ApiClient::get(std::string_view endpoint, Deadline deadline) const {
  return KATA_TRY(body_of(exchange("GET", endpoint, {}, deadline)), endpoint);
}

Result<std::string> ApiClient::put(std::string_view endpoint, std::string_view body,
                                   Deadline deadline, std::span<const int> fds) const {
  return KATA_TRY(body_of(exchange("PUT", endpoint, body, deadline, fds)), endpoint);
}

Result<HttpReply> ApiClient::exchange(std::string_view method, std::string_view endpoint,
                                      std::string_view body, Deadline deadline,
                                      std::span<const int> fds) const {
  if (fds.size() > kMaxSentFds)
    return make_error(ErrorCode::kInvalidArgument,
                      concat(fds.size(), " descriptors do not fit in one message"));
  const UniqueFd connection = KATA_TRY(connect_by(socket_, vmm_pidfd_, deadline), "");
  const std::string text = request_text(method, endpoint, body);
  KATA_TRY(send_all(connection.get(), text, fds, vmm_pidfd_, deadline), "");
  return read_reply(connection.get(), vmm_pidfd_, deadline);
}

Error refusal(const HttpReply& reply) {
  std::string message = concat("cloud-hypervisor answered ", reply.status);
  if (!reply.body.empty()) message += concat(": ", words_of_refusal(reply.body));
  return make_error(code_of_status(reply.status), std::move(message));
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (line.size() >= kLongestWords) break;
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x7f)
      line += '?';
    else if (byte > ' ')
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace kata::cloudhv
