// SPDX-License-Identifier: Apache-2.0
//
// debug-console.sock: bytes between whoever connects and the guest's debug console, whichever way
// the hypervisor has put there. A serial port takes one at a time. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <filesystem>
#include <memory>
#include <optional>

#include "kata/plugin/hypervisor.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::sandbox {

inline constexpr const char* kDebugConsoleSocket = "debug-console.sock";

class ConsoleRelay : public std::enable_shared_from_this<ConsoleRelay> {
 public:
  static Result<std::shared_ptr<ConsoleRelay>> open(boost::asio::any_io_executor loop,
                                                    const std::filesystem::path& directory,
                                                    AgentAddress console);
  void close();  // removes the socket; who is connected is cut off

 private:
  using Stream = boost::asio::posix::stream_descriptor;
  ConsoleRelay(boost::asio::any_io_executor loop, std::filesystem::path socket, UniqueFd listener,
               AgentAddress console);

  static boost::asio::awaitable<void> accept_clients(std::shared_ptr<ConsoleRelay> self);
  static boost::asio::awaitable<void> serve(std::shared_ptr<ConsoleRelay> self,
                                            std::shared_ptr<Stream> client);
  boost::asio::awaitable<void> relay(Stream& client);
  bool is_serial() const { return std::holds_alternative<SerialAddress>(console_); }

  boost::asio::any_io_executor loop_;
  const std::filesystem::path socket_;
  Stream listener_;
  const AgentAddress console_;
  std::weak_ptr<Stream> last_client_{};
  Deadline line_down_until_{};
  bool closing_ = false;
};

}  // namespace kata::sandbox
