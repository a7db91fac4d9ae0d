// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-proxy/proxy.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/log.h"
#include "core/config/config.h"
#include "core/plugin_host/crash_note.h"
#include "kata/unix_socket.h"
#include "programs/kata-proxy/service.h"
#include "sandbox/ready_pipe.h"
#include "sandbox/sandbox_host.h"
#include "sandbox/sandbox_sockets.h"
#include "sandbox/settling.h"

namespace kata::proxy {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPatienceOnSigterm{10}, kLastReplies{1};

class Proxy {
 public:
  Proxy(sandbox::Store store, sandbox::SandboxRecord record, config::Config config, UniqueFd ready,
        UniqueFd lock)
      : store_(store),
        ready_(std::move(ready)),
        lock_(std::move(lock)),
        host_(loop_.get_executor(), std::move(store), std::move(record), std::move(config)) {}

  int run() {
    // A loop without live() would serve a sandbox that nobody ends.
    asio::co_spawn(loop_, live(), [this](const std::exception_ptr& thrown) {
      if (thrown) log::error("the proxy failed: out of memory or a defect");
      loop_.stop();
    });
    loop_.run();
    return exit_code_;
  }

 private:
  asio::awaitable<void> live() {
    auto up = co_await bring_up();
    if (!up.ok()) log::error("the sandbox did not start", {{"error", up.error().message}});
    if (!report(up).ok() && up.ok()) {
      log::error("who started this sandbox has gone: taking it down");
      asio::co_spawn(loop_, shut_down(), asio::detached);
    }
    if (!up.ok()) co_return;
    settling_.begin();
    co_await serve_to_the_end();
  }

  asio::awaitable<Result<void>> bring_up() {
    KATA_CO_CHECK(co_await host_.prepare(std::move(lock_)), "");
    const auto socket = store_.directory(host_.record().id) / "proxy.sock";
    KATA_CO_TRY(UniqueFd listener, listen_unix(socket), "");
    KATA_CO_TRY(sockets_,
                sandbox::SandboxSockets::open(loop_.get_executor(),
                                              store_.directory(host_.record().id), host_.sandbox()),
                "");
    service_.emplace(loop_.get_executor(), std::move(listener), host_.sandbox());
    asio::co_spawn(loop_, service_->accept_clients(), asio::detached);
    asio::co_spawn(loop_, obey_sigterm(), asio::detached);
    KATA_CO_CHECK(co_await host_.sandbox().start(), "");
    sockets_->open_console(loop_.get_executor(), host_.sandbox());
    co_return Result<void>();
  }

  Result<void> report(const Result<void>& up) {
    const UniqueFd pipe = std::move(ready_);
    if (!pipe) return {};
    plugin_host::note_crashes(-1, "");
    return up.ok() ? sandbox::report_ready(pipe.get())
                   : sandbox::report_failure(pipe.get(), up.error());
  }

  asio::awaitable<void> serve_to_the_end() {
    co_await host_.sandbox().stopped();
    ::unlink((store_.directory(host_.record().id) / "proxy.sock").c_str());
    const Deadline last = std::chrono::steady_clock::now() + kLastReplies;
    co_await service_->drain(last);
    co_await sockets_->close(last);
    exit_code_ = host_.sandbox().failure().empty() ? 0 : 1;
  }

  asio::awaitable<void> obey_sigterm() {
    asio::signal_set signals(loop_, SIGTERM);
    co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    log::info("told to stop by SIGTERM");
    co_await shut_down();
  }

  asio::awaitable<void> shut_down() {
    static_cast<void>(co_await host_.sandbox().shutdown(kPatienceOnSigterm));
  }

  asio::io_context loop_{1};  // first: everything below has timers and sockets in it
  sandbox::Store store_;
  UniqueFd ready_, lock_;
  sandbox::SandboxHost host_;
  std::optional<Service> service_;
  std::unique_ptr<sandbox::SandboxSockets> sockets_{};
  sandbox::Settling settling_{loop_.get_executor()};
  int exit_code_ = 1;
};

Result<std::unique_ptr<Proxy>> make_proxy(const Options& options, UniqueFd& ready, UniqueFd& lock) {
  const sandbox::Store store(options.root);
  auto record = KATA_TRY(store.load_sandbox(options.sandbox), "");
  auto config =
      KATA_TRY(config::config_from_json(record.config_json), "read the sandbox's configuration");
  return std::make_unique<Proxy>(store, std::move(record), std::move(config), std::move(ready),
                                 std::move(lock));
}

}  // namespace

int run(const Options& options, UniqueFd ready, UniqueFd lock) {
  if (ready) plugin_host::note_crashes(ready.get(), "error 1 ");  // as report_failure() would
  auto proxy = make_proxy(options, ready, lock);
  if (proxy.ok()) return proxy.value()->run();
  log::error("cannot run the sandbox", {{"error", proxy.error().message}});
  if (ready) static_cast<void>(sandbox::report_failure(ready.get(), proxy.error()));
  return 1;
}

}  // namespace kata::proxy
