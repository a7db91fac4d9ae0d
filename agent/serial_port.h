// SPDX-License-Identifier: Apache-2.0
//
// A virtio-serial port found by its name. There is no udev in the guest: sysfs has the names, and
// the ports appear a moment after their driver.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// The device's name ("vport1p1"); nothing when no port has this name.
std::optional<std::string> find_serial_port(std::string_view port_name,
                                            const char* directory = "/sys/class/virtio-ports");

// Waits for the port until the deadline and opens it.
Result<UniqueFd> open_serial_port(std::string_view port_name, Deadline deadline);

// Tells when a program on the host has the other end open. Without one the port polls POLLHUP for
// good, so a level-triggered wait would spin: this one sleeps until the kernel reports a change.
class HostEnd {
 public:
  static Result<HostEnd> watch(const boost::asio::any_io_executor& executor, int port);

  boost::asio::awaitable<void> connected();

 private:
  HostEnd(const boost::asio::any_io_executor& executor, int epoll, int port)
      : changes_(executor, epoll), port_(port) {}

  boost::asio::posix::stream_descriptor changes_;  // an edge-triggered epoll of the port
  int port_;                                       // borrowed
};

}  // namespace kata::agent
