// SPDX-License-Identifier: Apache-2.0
#include "agent/serial_port.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

#include "core/base/files.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {

std::optional<std::string> find_serial_port(std::string_view port_name, const char* directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> ports(::opendir(directory), ::closedir);
  if (!ports) return std::nullopt;
  while (const dirent* entry = ::readdir(ports.get())) {
    if (entry->d_name[0] == '.') continue;
    const auto name = read_file(concat(directory, "/", entry->d_name, "/name"), 256);
    if (name.ok() && std::string_view(name.value()).substr(0, name.value().find('\n')) == port_name)
      return entry->d_name;
  }
  return std::nullopt;
}

Result<UniqueFd> open_serial_port(std::string_view port_name, Deadline deadline) {
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 500'000};
  for (;;) {
    if (const auto device = find_serial_port(port_name)) {
      const std::string path = concat("/dev/", *device);
      UniqueFd fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
      if (fd) return fd;
      if (errno != ENOENT) return errno_error(concat("open '", path, "'"), errno);
    }
    if (std::chrono::steady_clock::now() >= deadline)
      return make_error(ErrorCode::kNotFound,
                        concat("no virtio-serial port is named '", port_name,
                               "': the hypervisor must add one, or set agent.server_addr"));
    ::nanosleep(&kPause, nullptr);
  }
}

Result<HostEnd> HostEnd::watch(const asio::any_io_executor& executor, int port) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  if (!epoll || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, port, &event) != 0)
    return errno_error("watch the serial port", errno);
  return HostEnd(executor, epoll.release(), port);
}

asio::awaitable<void> HostEnd::connected() {
  for (;;) {
    epoll_event seen{};
    ::epoll_wait(changes_.native_handle(), &seen, 1, 0);  // forgets old changes, then looks
    pollfd now{port_, POLLIN | POLLOUT, 0};
    if (::poll(&now, 1, 0) == 1 && (now.revents & POLLHUP) == 0) co_return;
    const auto [error] = co_await changes_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                      asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
  }
}

}  // namespace kata::agent
