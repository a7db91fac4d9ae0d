// SPDX-License-Identifier: Apache-2.0
//
// The clock of a memory_dedup plugin, its kick socket and the watch of a run directory. One thread.
// Without a tick to come it only waits for a kick, an entry or a signal.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <string>

#include "kata/plugin/memory_dedup.h"
#include "ksm.pb.h"
#include "programs/kata-ksm-throttler/directory_watch.h"
#include "programs/kata-ksm-throttler/history.h"
#include "protocol/ttrpc/server.h"

namespace kata::throttler {

class Daemon {
 public:
  enum class End { kTold, kIdle };  // by a signal; nothing to do and nobody is connected

  // `listener` and `watch` are lent; `plugin` is the name that status tells.
  Daemon(std::string plugin, MemoryDedup& dedup, int listener,
         std::optional<DirectoryWatch>& watch);
  ~Daemon();

  void recall(const std::string& memory);  // of a predecessor that fell asleep
  std::string memory() const;

  Result<void> start();           // the plugin
  End run(bool may_fall_asleep);  // again after kIdle

 private:
  Result<kata::ksm::api::StatusResponse> status() const;
  template <class Response>
  using Reply = boost::asio::awaitable<Result<Response>>;

  void schedule(MemoryDedup::Next next);
  Result<void> take(Result<MemoryDedup::Next> step);
  Result<void> boost();
  void register_methods();
  void look();
  void look_again_later();
  void linger();
  boost::asio::awaitable<void> accept_clients();
  boost::asio::awaitable<void> serve(UniqueFd client);
  boost::asio::awaitable<void> follow_directory();

  boost::asio::io_context loop_{1};  // first: everything below has timers and sockets in it
  std::string plugin_;
  MemoryDedup& dedup_;
  std::optional<DirectoryWatch>& watch_;
  boost::asio::posix::stream_descriptor listener_, news_;
  boost::asio::steady_timer tick_timer_{loop_}, look_timer_{loop_}, idle_timer_{loop_};
  boost::asio::signal_set signals_;
  ttrpc::Server server_{};
  MemoryDedup::Next next_{};
  History history_{};
  End end_ = End::kTold;
  bool may_fall_asleep_ = false;
  std::uint32_t clients_ = 0;
  std::uint64_t kicks_ = 0, ticks_ = 0, failures_ = 0;
};

}  // namespace kata::throttler
