// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "core/base/log.h"
#include "kata/concat.h"

namespace kata::throttler {

namespace asio = boost::asio;
namespace api = kata::ksm::api;
using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

constexpr const char* kService = "kata.ksm.api.Throttler";
constexpr milliseconds kAfterRefusal{100}, kLinger{1000};
constexpr std::chrono::seconds kBetweenLooks{5};

milliseconds now_ms() { return duration_cast<milliseconds>(Clock::now().time_since_epoch()); }

std::uint64_t page_size() { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

void unblock_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

Daemon::Daemon(std::string plugin, MemoryDedup& dedup, int listener,
               std::optional<DirectoryWatch>& watch)
    : plugin_(std::move(plugin)),
      dedup_(dedup),
      watch_(watch),
      listener_(loop_, listener),
      news_(loop_),
      signals_(loop_, SIGTERM, SIGINT) {
  ::fcntl(listener, F_SETFL, O_NONBLOCK);
  unblock_signals();  // a predecessor that fell asleep has blocked them
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    end_ = End::kTold;
    loop_.stop();
  });
  register_methods();
  asio::co_spawn(loop_, accept_clients(), asio::detached);
  if (!watch_) return;
  news_.assign(watch_->fd());
  asio::co_spawn(loop_, follow_directory(), asio::detached);
}

Daemon::~Daemon() {
  listener_.release();
  if (news_.is_open()) news_.release();
}

Result<void> Daemon::start() {
  auto first = dedup_.start(Clock::now());
  if (!first.ok()) return std::move(first).error();
  schedule(first.value());
  look();
  return {};
}

Daemon::End Daemon::run(bool may_fall_asleep) {
  may_fall_asleep_ = may_fall_asleep;
  linger();
  loop_.restart();
  loop_.run();
  return end_;
}

// --- the clock ---

void Daemon::schedule(MemoryDedup::Next next) {
  next_ = next;
  tick_timer_.cancel();
  look_again_later();
  linger();
  if (!next) return;
  tick_timer_.expires_at(*next);
  tick_timer_.async_wait([this](const boost::system::error_code& error) {
    // A kick may have moved the next tick while this one was on its way.
    if (error || !next_ || Clock::now() < *next_) return;
    ++ticks_;
    static_cast<void>(take(dedup_.tick(Clock::now())));
  });
}

// A step that failed leaves no half-set pace behind; the next kick tries again.
Result<void> Daemon::take(Result<MemoryDedup::Next> step) {
  look();
  if (step.ok()) {
    schedule(step.value());
    return {};
  }
  ++failures_;
  log::error("cannot set the pace of page merging", {{"error", step.error().message}});
  if (auto restored = dedup_.restore(); !restored.ok())
    log::error("cannot restore the host's settings", {{"error", restored.error().message}});
  schedule(std::nullopt);
  return std::move(step).error();
}

Result<void> Daemon::boost() {
  ++kicks_;
  return take(dedup_.boost(Clock::now()));
}

// --- the picture: while something is to come, a point every few seconds ---

void Daemon::look() {
  const auto stats = dedup_.stats();
  if (stats.ok())
    history_.add(
        {now_ms(), (stats.value().pages_sharing + stats.value().zero_pages) * page_size()});
}

void Daemon::look_again_later() {
  look_timer_.cancel();
  if (!next_) return;
  look_timer_.expires_after(kBetweenLooks);
  look_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    look();
    look_again_later();
  });
}

// --- sleep ---

// Whoever has just asked may ask again.
void Daemon::linger() {
  idle_timer_.cancel();
  if (next_ || clients_ != 0 || !may_fall_asleep_) return;
  idle_timer_.expires_after(kLinger);
  idle_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || next_ || clients_ != 0) return;
    end_ = End::kIdle;
    loop_.stop();
  });
}

void Daemon::recall(const std::string& memory) {
  api::Memory held;
  if (!held.ParseFromString(memory)) return;
  const api::StatusResponse& before = held.status();
  kicks_ = before.kicks();
  ticks_ = before.ticks();
  failures_ = before.failures();
  for (const api::Point& point : before.history())
    history_.add({milliseconds(point.at_ms()), point.saved_bytes()});
}

std::string Daemon::memory() const {
  auto now = status();
  auto saved_state = dedup_.save_state();
  if (!now.ok() || !saved_state.ok()) return {};
  api::Memory held;
  *held.mutable_status() = now.take();
  held.set_saved_state(saved_state.take());
  return held.SerializeAsString();
}

// --- the socket ---

void Daemon::register_methods() {
  ttrpc::handle<api::KickRequest, api::KickResponse>(
      server_, kService, "Kick", [this](api::KickRequest) -> Reply<api::KickResponse> {
        KATA_CO_CHECK(boost(), "");
        co_return api::KickResponse();
      });
  ttrpc::handle<api::StatusRequest, api::StatusResponse>(
      server_, kService, "Status", [this](api::StatusRequest) -> Reply<api::StatusResponse> {
        look();
        co_return status();
      });
}

Result<api::StatusResponse> Daemon::status() const {
  const DedupStats stats = KATA_TRY(dedup_.stats(), "");
  api::StatusResponse response;
  response.set_plugin(plugin_);
  response.set_mode(stats.mode);
  response.set_pages_shared(stats.pages_shared);
  response.set_pages_sharing(stats.pages_sharing);
  response.set_zero_pages(stats.zero_pages);
  response.set_full_scans(stats.full_scans);
  if (stats.scanner_cpu_ms) response.set_scanner_cpu_ms(*stats.scanner_cpu_ms);
  if (stats.profit_bytes) response.set_profit_bytes(*stats.profit_bytes);
  response.set_page_size(page_size());
  response.set_kicks(kicks_);
  response.set_ticks(ticks_);
  response.set_failures(failures_);
  for (const SavedMemory& point : history_.points()) {
    api::Point& added = *response.add_history();
    added.set_at_ms(point.at.count());
    added.set_saved_bytes(point.bytes);
  }
  const auto left = next_ ? duration_cast<milliseconds>(*next_ - Clock::now()).count() : -1;
  response.set_next_tick_ms(next_ ? std::max<std::int64_t>(left, 0) : -1);
  return response;
}

asio::awaitable<void> Daemon::accept_clients() {
  for (;;) {
    const auto [error] = co_await listener_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                       asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    UniqueFd client(::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
      asio::steady_timer pause(loop_, kAfterRefusal);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (client) asio::co_spawn(loop_, serve(std::move(client)), asio::detached);
  }
}

asio::awaitable<void> Daemon::serve(UniqueFd client) {
  ++clients_;
  const Error why = co_await server_.serve(std::move(client));
  log::debug("a client has gone", {{"reason", why.message}});
  --clients_;
  linger();
}

asio::awaitable<void> Daemon::follow_directory() {
  for (;;) {
    const auto [error] = co_await news_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                   asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    const auto news = watch_->take_news();
    if (!news.ok()) {
      log::error("no directory is watched any more", {{"error", news.error().message}});
      co_return;
    }
    if (news.value()) static_cast<void>(boost());
    linger();
  }
}

}  // namespace kata::throttler
