// SPDX-License-Identifier: Apache-2.0
//
// Events on their way to containerd, in the order in which they happened. An event that containerd
// does not take is tried again: it may be restarting, and its view of a task hangs on them.
//
// Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

#include "kata/result.h"

namespace kata::shim_v2 {

struct EventTarget {
  std::string container_namespace{};
  std::string ttrpc_address{};  // empty: `containerd publish` is called for each event
  std::string containerd_address{}, publish_binary{};
};

class EventPublisher {
 public:
  EventPublisher(const boost::asio::any_io_executor& loop, EventTarget target);
  ~EventPublisher();
  EventPublisher(const EventPublisher&) = delete;
  EventPublisher& operator=(const EventPublisher&) = delete;

  // `topic` is "/tasks/exit", `type` the message's name without the package. Returns at once.
  void publish(std::string topic, const std::string& type, std::string message);

  // Whether all are delivered by then.
  boost::asio::awaitable<bool> drained(Deadline deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace kata::shim_v2
