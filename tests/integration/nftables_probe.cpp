// SPDX-License-Identifier: Apache-2.0
//
// Runs in a container with CAP_NET_ADMIN: asks nf_tables for its generation, which only a kernel
// that has it answers (linux/netfilter/nf_tables.h, NFT_MSG_GETGEN). Static; exit 0: it answered.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

namespace {

constexpr unsigned short kAsk = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
constexpr unsigned short kAnswer = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN;

struct Request {
  nlmsghdr header{};
  nfgenmsg family{};
};

int failed(const char* step) {
  std::perror(step);
  return 1;
}

}  // namespace

int main() {
  const int netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (netlink < 0) return failed("socket");
  Request request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = kAsk;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  if (::send(netlink, &request, sizeof request, 0) != sizeof request) return failed("send");
  alignas(nlmsghdr) char reply[4096];
  if (::recv(netlink, reply, sizeof reply, 0) < static_cast<ssize_t>(sizeof(nlmsghdr)))
    return failed("recv");
  const auto type = reinterpret_cast<const nlmsghdr*>(reply)->nlmsg_type;
  if (type == kAnswer) return 0;
  std::fprintf(stderr, "the kernel answered with message %u\n", type);
  return 1;
}
