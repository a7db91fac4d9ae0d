// SPDX-License-Identifier: Apache-2.0
//
// A QMP conversation: one command at a time, each with a deadline; events that arrive in between
// are kept, the newest kEventsKept of them. Not thread-safe.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "qmp_decoder.h"

namespace kata::qemu {

class QmpClient {
 public:
  static constexpr std::size_t kEventsKept = 64;

  // Connects to a listening socket. QEMU need not run yet: the connection waits in the backlog, and
  // ends when the last listener closes, which is how an early death of QEMU is seen.
  static Result<QmpClient> connect(const std::filesystem::path& socket);
  explicit QmpClient(UniqueFd connection);

  // Reads the greeting, leaves negotiation mode.
  Result<QmpGreeting> negotiate(Deadline deadline);

  // Runs a command; its "return" as JSON text. `arguments_json` is an object or empty. `fd`, lent,
  // travels with the command (getfd, add-fd). kUnavailable: QEMU closed the socket. kTimeout: a
  // late reply will be thrown away.
  Result<std::string> execute(std::string_view command, Deadline deadline,
                              std::string_view arguments_json = {}, int fd = -1);

  // Waits for an event that `wanted` takes, also one that has arrived already, and forgets it.
  Result<QmpEvent> wait_event(const std::function<bool(const QmpEvent&)>& wanted,
                              Deadline deadline);

  // Reads until QEMU closes the socket, which it has done when it is dead, or the deadline; then
  // the events kept, its last words at the end.
  std::vector<QmpEvent> take_events(Deadline deadline);

 private:
  Result<void> send(std::string_view text, int fd, Deadline deadline);
  Result<QmpMessage> receive(Deadline deadline);  // anything but an event
  Result<void> read_more(Deadline deadline);
  void keep(QmpEvent event);

  UniqueFd connection_;
  QmpDecoder decoder_{};
  std::deque<QmpEvent> events_{};
  std::uint64_t last_id_ = 0;
};

}  // namespace kata::qemu
