// SPDX-License-Identifier: Apache-2.0
#include "agent/network/netlink_socket.h"

#include <sys/socket.h>

#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr int kAttempts = 8;  // for a dump that changes meanwhile

Result<void> read_entry(const Message& message, std::uint16_t type, const TakeEntry& take,
                        DumpState& state) {
  if ((message.flags & NLM_F_DUMP_INTR) != 0) state.interrupted = true;
  if (message.type == NLMSG_ERROR) {
    KATA_TRY(read_acknowledgement(message), "");
    state.complete = true;
  } else if (message.type == NLMSG_DONE) {
    std::string_view payload = message.payload;
    const auto error = KATA_TRY(take_fixed<std::int32_t>(payload), "");
    if (error < 0 && error != INT32_MIN) return errno_error("list", -error);
    state.complete = true;
  } else if (message.type == type) {
    return take(message.payload);
  }
  return {};
}

}  // namespace

Result<void> read_dump(std::string_view datagram, std::uint32_t sequence, std::uint16_t type,
                       const TakeEntry& take, DumpState& state) {
  while (!datagram.empty() && !state.complete) {
    const Message message = KATA_TRY(take_message(datagram), "");
    if (message.sequence == sequence) KATA_TRY(read_entry(message, type, take, state), "");
  }
  return {};
}

Result<NetlinkSocket> NetlinkSocket::open() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return errno_error("open a netlink socket", errno);
  // Without these, errors are a bare number and answers repeat the request: still served.
  const int on = 1;
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return NetlinkSocket(std::move(fd));
}

Result<std::uint32_t> NetlinkSocket::send(MessageBuilder& request, std::uint16_t flags) {
  const std::string_view bytes = request.finish(++sequence_, NLM_F_REQUEST | flags);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = ::sendto(fd_.get(), bytes.data(), bytes.size(), 0,
                                reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  if (sent != static_cast<ssize_t>(bytes.size())) return errno_error("ask the kernel", errno);
  return sequence_;
}

Result<std::string_view> NetlinkSocket::receive() {
  for (;;) {
    sockaddr_nl sender{};
    iovec part{buffer_.data(), buffer_.size()};
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const ssize_t got = ::recvmsg(fd_.get(), &message, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read the kernel's netlink answer", errno);
    // A container with CAP_NET_ADMIN shares this namespace and can send to any socket in it.
    if (sender.nl_pid != 0) continue;
    if ((message.msg_flags & MSG_TRUNC) != 0)
      return make_error(ErrorCode::kInternal, "the kernel's netlink answer is above 32 KiB");
    return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
  }
}

Result<void> NetlinkSocket::change(MessageBuilder& request) {
  const std::uint32_t sequence = KATA_TRY(send(request, NLM_F_ACK), "");
  for (;;) {
    std::string_view datagram = KATA_TRY(receive(), "");
    while (!datagram.empty()) {
      const Message message = KATA_TRY(take_message(datagram), "");
      if (message.sequence == sequence && message.type == NLMSG_ERROR)
        return read_acknowledgement(message);
    }
  }
}

Result<void> NetlinkSocket::dump(MessageBuilder& request, std::uint16_t type,
                                 const std::function<void()>& begin, const TakeEntry& take) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint32_t sequence = KATA_TRY(send(request, NLM_F_DUMP), "");
    begin();
    DumpState state;
    while (!state.complete) {
      const std::string_view datagram = KATA_TRY(receive(), "");
      KATA_TRY(read_dump(datagram, sequence, type, take, state), "");
    }
    if (!state.interrupted) return {};
  }
  return make_error(ErrorCode::kUnavailable, "the network keeps changing while it is listed");
}

}  // namespace kata::agent
