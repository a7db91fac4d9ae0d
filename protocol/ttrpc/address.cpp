// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/address.h"

#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <optional>
#include <thread>

#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "protocol/ttrpc/poll.h"

namespace kata::ttrpc {

namespace {

constexpr std::chrono::milliseconds kPause{10};  // between two tries
constexpr std::size_t kLongestGreeting = 64;     // "OK 1073741824\n" and room
constexpr int kBacklog = 64;

Error bad_address(std::string_view text, std::string_view reason) {
  return make_error(
      ErrorCode::kInvalidArgument,
      concat("address '", text, "': ", reason,
             "; use unix:///path, unix://@name, vsock://CID:PORT or hvsock:///path:PORT"));
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Address> parse_unix(std::string_view text, std::string_view rest) {
  UnixAddress address;
  address.is_abstract = rest.starts_with('@');
  if (address.is_abstract) rest.remove_prefix(1);
  if (!address.is_abstract && !rest.starts_with('/'))
    return bad_address(text, "the path is not absolute");
  if (rest.empty() || rest.size() > kMaxSocketPath)
    return bad_address(text, "the name is empty or longer than 107 bytes");
  if (rest.find('\0') != std::string_view::npos) return bad_address(text, "it holds a NUL");
  address.name = rest;
  return Address(std::move(address));
}

Result<Address> parse_vsock(std::string_view text, std::string_view rest) {
  VsockAddress address;
  const std::size_t colon = rest.find(':');
  const std::string_view cid = rest.substr(0, colon);
  const auto number = cid.empty() || cid == "-1" ? VMADDR_CID_ANY : parse_number(cid);
  if (!number) return bad_address(text, "the CID is not a number");
  address.cid = *number;
  if (colon == std::string_view::npos) return Address(address);
  const auto port = parse_number(rest.substr(colon + 1));
  if (!port) return bad_address(text, "the port is not a number");
  address.port = *port;
  return Address(address);
}

Result<Address> parse_hybrid(std::string_view text, std::string_view rest) {
  HybridVsockAddress address;
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos) {
    const auto port = parse_number(rest.substr(colon + 1));
    if (!port) return bad_address(text, "the port is not a number");
    address.port = *port;
  }
  rest = rest.substr(0, colon);
  if (!rest.starts_with('/')) return bad_address(text, "the path is not absolute");
  if (rest.size() > kMaxSocketPath) return bad_address(text, "the path is longer than 107 bytes");
  if (rest.find('\0') != std::string_view::npos) return bad_address(text, "it holds a NUL");
  address.path = rest;
  return Address(std::move(address));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress unix_socket(std::string_view name, bool is_abstract) {
  SocketAddress result;
  auto& address = reinterpret_cast<sockaddr_un&>(result.storage);
  address.sun_family = AF_UNIX;
  const std::size_t at = is_abstract ? 1 : 0;  // the length says where an abstract name ends
  name.copy(address.sun_path + at, sizeof address.sun_path - at);
  result.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
  return result;
}

SocketAddress vsock_socket(const VsockAddress& vsock) {
  SocketAddress result;
  auto& address = reinterpret_cast<sockaddr_vm&>(result.storage);
  address.svm_family = AF_VSOCK;
  address.svm_cid = vsock.cid;
  address.svm_port = vsock.port;
  result.size = sizeof(sockaddr_vm);
  return result;
}

SocketAddress socket_address_of(const Address& address) {
  if (const auto* vsock = std::get_if<VsockAddress>(&address)) return vsock_socket(*vsock);
  if (const auto* hybrid = std::get_if<HybridVsockAddress>(&address))
    return unix_socket(hybrid->path, false);
  const auto& local = std::get<UnixAddress>(address);
  return unix_socket(local.name, local.is_abstract);
}

Result<UniqueFd> make_socket(const SocketAddress& address) {
  const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  UniqueFd fd(::socket(address.storage.ss_family, type, 0));
  if (!fd) return errno_error("make socket", errno);
  return fd;
}

Result<void> finish_connect(int fd, Deadline deadline) {
  KATA_TRY(poll_until(fd, POLLOUT, deadline), "connect");
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
  if (number != 0) return errno_error("connect", number);
  return {};
}

// Byte by byte: what follows the line belongs to ttRPC.
Result<std::string> read_line(int fd, Deadline deadline) {
  std::string line;
  while (line.size() < kLongestGreeting) {
    KATA_TRY(poll_until(fd, POLLIN, deadline), "wait for the VMM's answer");
    char byte = 0;
    const ssize_t got = ::read(fd, &byte, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return errno_error("read the VMM's answer", errno);
    if (got == 0) break;
    if (byte == '\n') return line;
    line.push_back(byte);
  }
  return make_error(ErrorCode::kUnavailable, "the VMM gave no answer: nobody listens in the guest");
}

Result<void> ask_for_port(int fd, std::uint32_t port, Deadline deadline) {
  const std::string line = concat("CONNECT ", port, '\n');
  // A fresh socket takes so few bytes at once.
  if (::send(fd, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
    return errno_error(concat("ask the VMM for port ", port), errno);
  const std::string answer = KATA_TRY(read_line(fd, deadline), concat("connect to port ", port));
  if (!answer.starts_with("OK"))
    return make_error(ErrorCode::kUnavailable, concat("connect to port ", port,
                                                      ": the VMM's answer does not begin with OK"));
  return {};
}

Result<UniqueFd> connect_once(const Address& address, Deadline deadline) {
  const SocketAddress peer = socket_address_of(address);
  UniqueFd fd = KATA_TRY(make_socket(peer), "");
  if (::connect(fd.get(), peer.get(), peer.size) != 0) {
    if (errno != EINPROGRESS && errno != EINTR) return errno_error("connect", errno);
    KATA_TRY(finish_connect(fd.get(), deadline), "");
  }
  if (const auto* hybrid = std::get_if<HybridVsockAddress>(&address))
    KATA_TRY(ask_for_port(fd.get(), hybrid->port, deadline), "");
  return fd;
}

// Nobody there yet, or too many at once.
bool may_pass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.sys_errno == ENOENT ||
         error.sys_errno == ENODEV || error.sys_errno == EAGAIN || error.sys_errno == ETIMEDOUT;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  const std::size_t separator = text.find("://");
  if (separator == std::string_view::npos) return bad_address(text, "it has no scheme");
  const std::string_view scheme = text.substr(0, separator);
  const std::string_view rest = text.substr(separator + 3);
  if (scheme == "unix") return parse_unix(text, rest);
  if (scheme == "vsock") return parse_vsock(text, rest);
  if (scheme == "hvsock") return parse_hybrid(text, rest);
  return bad_address(text, "its scheme is not known");
}

Result<UniqueFd> connect(const Address& address, Deadline deadline) {
  for (;;) {
    Result<UniqueFd> connected = connect_once(address, deadline);
    if (connected.ok() || !may_pass(connected.error())) return connected;
    if (std::chrono::steady_clock::now() + kPause >= deadline)
      return make_error(ErrorCode::kTimeout,
                        concat("not connected in time: ", connected.error().message));
    std::this_thread::sleep_for(kPause);
  }
}

Result<UniqueFd> listen(const Address& address) {
  if (std::holds_alternative<HybridVsockAddress>(address))
    return make_error(ErrorCode::kInvalidArgument, "listen on hvsock: only the VMM can");
  const auto* local = std::get_if<UnixAddress>(&address);
  if (local != nullptr && !local->is_abstract) return listen_unix(local->name, kBacklog);
  const SocketAddress here = socket_address_of(address);
  UniqueFd fd = KATA_TRY(make_socket(here), "");
  if (::bind(fd.get(), here.get(), here.size) != 0) return errno_error("bind", errno);
  if (::listen(fd.get(), kBacklog) != 0) return errno_error("listen", errno);
  return fd;
}

}  // namespace kata::ttrpc
