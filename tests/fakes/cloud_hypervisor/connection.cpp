// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/cloud_hypervisor/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace kata::fake_cloudhv {
namespace {

// Closes the descriptors of a message and counts those that are any.
std::size_t take_descriptors(msghdr& message) {
  std::size_t count = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t carried = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < carried; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      ::close(fd);
    }
    count += carried;
  }
  return count;
}

std::size_t content_length(const std::string& head) {
  const std::size_t at = head.find("\r\nContent-Length: ");
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 18, nullptr, 10);
}

}  // namespace

bool Connection::read_more(std::size_t& fds) {
  std::array<char, 16384> block{};
  alignas(cmsghdr) std::array<char, 4096> control{};
  iovec part{block.data(), block.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  if (got <= 0) return false;
  fds += take_descriptors(message);
  buffer_.append(block.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<Request> Connection::read() {
  Request request;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!read_more(request.fds)) return {};
  const std::string head = buffer_.substr(0, end + 2);
  const std::size_t length = content_length(head);
  while (buffer_.size() < end + 4 + length)
    if (!read_more(request.fds)) return {};
  request.body = buffer_.substr(end + 4, length);
  buffer_.erase(0, end + 4 + length);
  const std::size_t space = head.find(' ');
  request.method = head.substr(0, space);
  constexpr std::string_view kBase = "/api/v1/";
  const std::string target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
  if (target.starts_with(kBase)) request.endpoint = target.substr(kBase.size());
  return request;
}

void Connection::say(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Connection::say_slowly(std::string_view text) const {
  for (const char c : text) {
    say({&c, 1});
    ::usleep(100'000);
  }
}

void Connection::wait_for_close() const {
  char byte = 0;
  while (::read(fd_.get(), &byte, 1) > 0) {
  }
}

std::string reply_text(int status, std::string_view body) {
  std::string text = "HTTP/1.1 " + std::to_string(status) +
                     " \r\nServer: Cloud Hypervisor API\r\nConnection: keep-alive\r\n";
  if (status != 204)
    text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append("\r\n").append(body);
}

}  // namespace kata::fake_cloudhv
