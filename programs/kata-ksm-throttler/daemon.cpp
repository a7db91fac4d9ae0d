// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/daemon.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

#include "core/base/log.h"
#include "core/config/load.h"
#include "core/plugin_host/plugin_host.h"
#include "kata/concat.h"
#include "ksm.pb.h"
#include "programs/kata-ksm-throttler/run_directory.h"
#include "protocol/ttrpc/server.h"

namespace kata::throttler {

namespace asio = boost::asio;
namespace api = kata::ksm::api;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* kService = "kata.ksm.api.Throttler";
constexpr std::chrono::milliseconds kAfterRefusal{100};

class Daemon {
 public:
  Daemon(std::string plugin, MemoryDedup& dedup, UniqueFd listener)
      : plugin_(std::move(plugin)), dedup_(dedup), listener_(loop_, listener.release()) {
    ::fcntl(listener_.native_handle(), F_SETFL, O_NONBLOCK);
    register_methods();
  }

  Result<void> run() {
    signals_.async_wait([this](const boost::system::error_code&, int) { loop_.stop(); });
    auto first = dedup_.start(Clock::now());
    if (!first.ok()) return std::move(first).error();
    schedule(first.value());
    asio::co_spawn(loop_, accept_clients(), asio::detached);
    notify_systemd("READY=1");
    loop_.run();
    notify_systemd("STOPPING=1");
    return dedup_.restore();
  }

 private:
  void schedule(MemoryDedup::Next next) {
    next_ = next;
    timer_.cancel();
    if (!next) return;
    timer_.expires_at(*next);
    timer_.async_wait([this](const boost::system::error_code& error) {
      // A kick may have moved the next tick while this one was on its way.
      if (error || !next_ || Clock::now() < *next_) return;
      ++ticks_;
      static_cast<void>(take(dedup_.tick(Clock::now())));
    });
  }

  // A step that failed leaves no half-set pace behind; the next kick tries again.
  Result<void> take(Result<MemoryDedup::Next> step) {
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

  void register_methods() {
    ttrpc::handle<api::KickRequest, api::KickResponse>(
        server_, kService, "Kick",
        [this](api::KickRequest) -> asio::awaitable<Result<api::KickResponse>> {
          ++kicks_;
          KATA_CO_CHECK(take(dedup_.boost(Clock::now())), "");
          co_return api::KickResponse();
        });
    ttrpc::handle<api::StatusRequest, api::StatusResponse>(
        server_, kService, "Status",
        [this](api::StatusRequest) -> asio::awaitable<Result<api::StatusResponse>> {
          co_return status();
        });
  }

  Result<api::StatusResponse> status() const {
    const DedupStats stats = KATA_TRY(dedup_.stats(), "");
    api::StatusResponse response;
    response.set_plugin(plugin_);
    response.set_mode(stats.mode);
    response.set_pages_shared(stats.pages_shared);
    response.set_pages_sharing(stats.pages_sharing);
    response.set_full_scans(stats.full_scans);
    response.set_page_size(static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    response.set_kicks(kicks_);
    response.set_ticks(ticks_);
    response.set_failures(failures_);
    using std::chrono::milliseconds;
    response.set_next_tick_ms(
        next_ ? std::max<std::int64_t>(
                    std::chrono::duration_cast<milliseconds>(*next_ - Clock::now()).count(), 0)
              : -1);
    return response;
  }

  asio::awaitable<void> accept_clients() {
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

  asio::awaitable<void> serve(UniqueFd client) {
    const Error why = co_await server_.serve(std::move(client));
    log::debug("a client has gone", {{"reason", why.message}});
  }

  asio::io_context loop_{1};  // first: everything below has timers and sockets in it
  std::string plugin_;
  MemoryDedup& dedup_;
  asio::posix::stream_descriptor listener_;
  asio::steady_timer timer_{loop_};
  asio::signal_set signals_{loop_, SIGTERM, SIGINT};
  ttrpc::Server server_{};
  MemoryDedup::Next next_{};
  std::uint64_t kicks_ = 0, ticks_ = 0, failures_ = 0;
};

Result<config::Config> load(const Options& options) {
  const auto file = KATA_TRY(config::find_config_file(options.config), "");
  auto config = KATA_TRY(config::load_config(file), "");
  if (config.memory_dedup.name.empty() || config.memory_dedup.name == "none")
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("'", file,
                             "': memory_dedup is \"none\": set [plugins] memory_dedup = "
                             "\"ksm-throttler\", or do not run this daemon"));
  return config;
}

}  // namespace

Result<void> run_daemon(const Options& options) {
  const config::Config config = KATA_TRY(load(options), "");
  const UniqueFd lock = KATA_TRY(lock_run_directory(options.run_directory), "");
  plugin_host::PluginHost host;
  const auto dedup =
      KATA_TRY(host.memory_dedup(config.memory_dedup, {"", options.run_directory, ""}), "");
  KATA_TRY(dedup->check_host(), "");
  Daemon daemon(config.memory_dedup.name, *dedup, KATA_TRY(listen_in(options.run_directory), ""));
  auto ended = daemon.run();
  ::unlink(socket_in(options.run_directory).c_str());
  return ended;
}

}  // namespace kata::throttler
