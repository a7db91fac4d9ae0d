// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/uevent.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>

namespace kata::agent {
namespace {

constexpr unsigned kKernelGroup = 1;  // 2 is udev's, with messages of another form
constexpr std::size_t kLongest = 8192;

// Up to the next zero byte, which is taken away, too.
std::string_view next_string(std::string_view& rest) {
  const std::size_t end = rest.find('\0');
  const std::string_view text = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return text;
}

bool brings_device(const Uevent& event) {
  return event.action == "add" || event.action == "bind" || event.action == "change";
}

}  // namespace

std::optional<Uevent> parse_uevent(std::string_view datagram) {
  std::string_view rest = datagram;
  const std::string_view title = next_string(rest);
  Uevent event;
  while (!rest.empty()) {
    const std::string_view text = next_string(rest);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = text.substr(0, equals), value = text.substr(equals + 1);
    if (key == "ACTION") event.action = value;
    if (key == "DEVPATH") event.devpath = value;
    if (key == "SUBSYSTEM") event.subsystem = value;
  }
  if (event.action.empty() || event.subsystem.empty() || !event.devpath.starts_with('/'))
    return std::nullopt;
  const std::size_t at = title.find('@');
  if (title.substr(0, at) != event.action || at == std::string_view::npos ||
      title.substr(at + 1) != event.devpath)
    return std::nullopt;
  return event;
}

Result<UniqueFd> open_uevents() {
  UniqueFd fd(
      ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  if (!fd) return errno_error("open a socket for device events", errno);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error("listen to device events", errno);
  return fd;
}

bool brought_devices(int socket) {
  bool found = false;
  for (;;) {
    std::array<char, kLongest> buffer;
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t got = ::recvfrom(socket, buffer.data(), buffer.size(), MSG_TRUNC,
                                   reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) {
      found = true;
      continue;
    }
    if (got < 0) return found;
    if (sender.nl_pid != 0) continue;  // a program, not the kernel
    if (static_cast<std::size_t>(got) > buffer.size()) {
      found = true;
      continue;
    }
    const auto event = parse_uevent({buffer.data(), static_cast<std::size_t>(got)});
    found = found || (event && brings_device(*event));
  }
}

}  // namespace kata::agent
