// SPDX-License-Identifier: Apache-2.0
#include "agent/boot.h"

#include <time.h>

#include <boost/asio/post.hpp>

#include <string>
#include <utility>

#include "core/base/log.h"
#include "core/base/resident_memory.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::chrono::milliseconds kPatience{100};

// Since the kernel started.
long uptime_us() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

long started_us = 0;

// Before the constructors of everything else.
[[gnu::constructor(101)]] void note_start() { started_us = uptime_us(); }

}  // namespace

Boot::Boot(const asio::any_io_executor& executor, std::function<void()> finish)
    : patience_(executor), finish_(std::move(finish)) {}

void Boot::listening() {
  listening_us_ = uptime_us();
  patience_.expires_after(kPatience);
  patience_.async_wait([this](const boost::system::error_code& error) {
    if (!error) complete();
  });
}

void Boot::called(std::string_view service) {
  if (service != "grpc.Health") complete();
}

void Boot::checked() {
  if (std::exchange(asked_, true)) return;
  // The reply is written before the loop comes to this.
  asio::post(patience_.get_executor(), [this] { answered(); });
}

void Boot::answered() {
  answered_us_ = uptime_us();
  complete();
}

void Boot::complete() {
  if (std::exchange(completed_, true)) return;
  patience_.cancel();
  finish_();
  // An answer of 0: nobody asked yet.
  log::info("agent is ready", {{"start_us", std::to_string(started_us)},
                               {"listen_us", std::to_string(listening_us_)},
                               {"answer_us", std::to_string(answered_us_)},
                               {"complete_us", std::to_string(uptime_us())}});
  asio::post(patience_.get_executor(), release_setup_pages);
}

}  // namespace kata::agent
