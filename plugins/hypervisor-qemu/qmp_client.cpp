// SPDX-License-Identifier: Apache-2.0
#include "qmp_client.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <utility>

#include "kata/concat.h"
#include "kata/send_fds.h"
#include "kata/unix_socket.h"
#include "poll_fd.h"

namespace kata::qemu {
namespace {

Error timed_out(std::string_view what) {
  return make_error(ErrorCode::kTimeout, concat(what, ": the deadline passed"));
}

Error closed(bool in_mid_message) {
  return make_error(ErrorCode::kUnavailable,
                    in_mid_message ? "QEMU closed its monitor socket in the middle of a message"
                                   : "QEMU closed its monitor socket");
}

}  // namespace

Result<QmpClient> QmpClient::connect(const std::filesystem::path& socket) {
  return QmpClient(KATA_TRY(connect_unix(socket), ""));
}

QmpClient::QmpClient(UniqueFd connection) : connection_(std::move(connection)) {}

Result<QmpGreeting> QmpClient::negotiate(Deadline deadline) {
  const QmpMessage first = KATA_TRY(receive(deadline), "wait for the monitor's greeting");
  const auto* greeting = std::get_if<QmpGreeting>(&first);
  if (greeting == nullptr)
    return make_error(ErrorCode::kInternal, "the monitor did not begin with a greeting");
  KATA_TRY(execute("qmp_capabilities", deadline), "");
  return *greeting;
}

Result<std::string> QmpClient::execute(std::string_view command, Deadline deadline,
                                       std::string_view arguments_json, int fd) {
  const std::string action = concat("monitor command '", command, "'");
  const std::uint64_t id = ++last_id_;
  std::string text = concat(R"({"execute":")", command, R"(","id":)", id);
  if (!arguments_json.empty()) text += concat(R"(,"arguments":)", arguments_json);
  KATA_TRY(send(text + "}\n", fd, deadline), action);
  for (;;) {
    QmpMessage message = KATA_TRY(receive(deadline), action);
    auto* reply = std::get_if<QmpReply>(&message);
    if (reply == nullptr || reply->id != id) continue;  // a reply that came after its deadline
    if (!reply->error.empty())
      return make_error(ErrorCode::kInternal, concat(action, ": ", reply->error));
    return std::move(reply->result_json);
  }
}

Result<QmpEvent> QmpClient::wait_event(const std::function<bool(const QmpEvent&)>& wanted,
                                       Deadline deadline) {
  for (;;) {
    const auto found = std::find_if(events_.begin(), events_.end(), wanted);
    if (found != events_.end()) {
      QmpEvent event = std::move(*found);
      events_.erase(found);
      return event;
    }
    auto message = KATA_TRY(decoder_.next(), "");
    if (message) {
      if (auto* event = std::get_if<QmpEvent>(&*message)) keep(std::move(*event));
      continue;  // a reply that came after its deadline is thrown away
    }
    if (std::chrono::steady_clock::now() >= deadline) return timed_out("wait for an event");
    KATA_TRY(read_more(deadline), "");
  }
}

std::vector<QmpEvent> QmpClient::take_events(Deadline deadline) {
  while (receive(deadline).ok()) {
  }
  return {std::make_move_iterator(events_.begin()), std::make_move_iterator(events_.end())};
}

Result<void> QmpClient::send(std::string_view text, int fd, Deadline deadline) {
  while (!text.empty()) {
    const std::span<const int> fds(&fd, fd >= 0 ? 1 : 0);
    const ssize_t sent = send_with_fds(connection_.get(), text, fds, MSG_DONTWAIT);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
      fd = -1;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET) return closed(false);
    if (errno != EAGAIN) return errno_error("send", errno);
    if (vmm::poll_fd(connection_.get(), POLLOUT, deadline) == 0) return timed_out("send");
  }
  return {};
}

Result<QmpMessage> QmpClient::receive(Deadline deadline) {
  // At least one look, but a peer that never stops talking must not outlast the deadline.
  for (bool looked = false;; looked = true) {
    while (auto message = KATA_TRY(decoder_.next(), "")) {
      if (auto* event = std::get_if<QmpEvent>(&*message))
        keep(std::move(*event));
      else
        return std::move(*message);
    }
    if (looked && std::chrono::steady_clock::now() >= deadline)
      return timed_out("wait for an answer");
    KATA_TRY(read_more(deadline), "");
  }
}

Result<void> QmpClient::read_more(Deadline deadline) {
  const int ready = vmm::poll_fd(connection_.get(), POLLIN, deadline);
  if (ready < 0) return errno_error("wait for the monitor", errno);
  if (ready == 0) return timed_out("wait for an answer");
  char block[16384];
  const ssize_t got = ::recv(connection_.get(), block, sizeof block, MSG_DONTWAIT);
  if (got > 0) {
    decoder_.feed({block, static_cast<std::size_t>(got)});
    return {};
  }
  if (got == 0 || errno == ECONNRESET) return closed(decoder_.in_mid_message());
  if (errno == EAGAIN || errno == EINTR) return {};
  return errno_error("read from the monitor", errno);
}

void QmpClient::keep(QmpEvent event) {
  if (events_.size() == kEventsKept) events_.pop_front();
  events_.push_back(std::move(event));
}

}  // namespace kata::qemu
