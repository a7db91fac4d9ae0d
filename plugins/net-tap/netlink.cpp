// SPDX-License-Identifier: Apache-2.0
#include "netlink.h"

#include <arpa/inet.h>
#include <netlink/errno.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "kata/concat.h"

namespace kata::tap {

namespace {

constexpr int kReceiveBuffer = 1 << 20;  // of a dump with some thousand routes

ErrorCode code_of(int number) {
  switch (number) {
    case NLE_OBJ_NOTFOUND:
    case NLE_NODEV:
      return ErrorCode::kNotFound;
    case NLE_EXIST:
      return ErrorCode::kAlreadyExists;
    case NLE_PERM:
    case NLE_NOACCESS:
      return ErrorCode::kPermission;
    case NLE_OPNOTSUPP:
      return ErrorCode::kUnsupported;
    case NLE_NOMEM:
      return ErrorCode::kResourceExhausted;
    case NLE_BUSY:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

Error netlink_error(const std::string& action, int code) {
  const int number = std::abs(code);
  return make_error(code_of(number), concat(action, ": ", nl_geterror(number)));
}

Result<Netlink<nl_sock>> open_netlink() {
  Netlink<nl_sock> socket(nl_socket_alloc());
  if (!socket) return make_error(ErrorCode::kResourceExhausted, "make netlink socket: no memory");
  const int connected = nl_connect(socket.get(), NETLINK_ROUTE);
  if (connected < 0) return netlink_error("open netlink socket", connected);
  // Failure leaves the default sizes, which serve all but huge dumps.
  (void)nl_socket_set_buffer_size(socket.get(), kReceiveBuffer, 0);
  nl_socket_enable_msg_peek(socket.get());
  return socket;
}

Result<Netlink<rtnl_link>> find_link(nl_sock& socket, int index) {
  rtnl_link* found = nullptr;
  const int code = rtnl_link_get_kernel(&socket, index, nullptr, &found);
  if (code == -NLE_NODEV || code == -NLE_OBJ_NOTFOUND) return Netlink<rtnl_link>();
  if (code < 0) return netlink_error(concat("look for link ", index), code);
  return Netlink<rtnl_link>(found);
}

std::string mac_of(rtnl_link& link) {
  const nl_addr* address = rtnl_link_get_addr(&link);
  if (address == nullptr || nl_addr_get_len(address) != 6) return {};
  std::array<char, 32> text{};
  return nl_addr2str(address, text.data(), text.size());
}

std::string address_text(const nl_addr* address) {
  if (address == nullptr) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = nl_addr_get_family(address);
  const unsigned needed = family == AF_INET6 ? 16 : 4;
  if ((family != AF_INET && family != AF_INET6) || nl_addr_get_len(address) < needed) return {};
  ::inet_ntop(family, nl_addr_get_binary_addr(address), text.data(), text.size());
  return text.data();
}

std::string printable(std::string_view name) {
  std::string out(name);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return out;
}

}  // namespace kata::tap
