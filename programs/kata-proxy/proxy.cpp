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
#include "core/plugin_host/plugin_host.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "programs/kata-proxy/service.h"
#include "sandbox/parts.h"
#include "sandbox/pod_network.h"
#include "sandbox/ready_pipe.h"
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_cgroups.h"

namespace kata::proxy {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPatienceOnSigterm{10}, kLastReplies{1};

class Proxy {
 public:
  Proxy(sandbox::Store store, sandbox::SandboxRecord record, config::Config config, UniqueFd ready)
      : store_(store),
        record_(record),
        config_(std::move(config)),
        journal_(std::move(store), std::move(record)),
        ready_(std::move(ready)) {}

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
    if (up.ok()) co_await serve_to_the_end();
  }

  asio::awaitable<Result<void>> bring_up() {
    const pid_t self = ::getpid();
    KATA_CO_TRY(const auto start_time, process_start_time(self), "");
    KATA_CO_CHECK(journal_.write_proxy({self, start_time}), "write the sandbox's record");
    KATA_CO_CHECK(enter_cgroups(), "");
    KATA_CO_CHECK(make_netns(), "");
    const auto socket = store_.directory(record_.id) / "proxy.sock";
    KATA_CO_TRY(UniqueFd listener, listen_unix(socket), "");
    KATA_CO_TRY(auto parts, co_await plugins_.run([this] {
      return sandbox::make_parts(host_, config_, store_, record_);
    }),
                "");
    sandbox_.emplace(loop_.get_executor(), plugins_, std::move(parts),
                     sandbox::SandboxIdentity{record_.id, record_.hostname, record_.netns,
                                              record_.dns, record_.cgroups, record_.shm_bytes},
                     config_, journal_);
    service_.emplace(loop_.get_executor(), std::move(listener), *sandbox_);
    asio::co_spawn(loop_, service_->accept_clients(), asio::detached);
    asio::co_spawn(loop_, obey_sigterm(), asio::detached);
    co_return co_await sandbox_->start();
  }

  // First of all, so that every other process of the sandbox starts there.
  Result<void> enter_cgroups() {
    auto entered = sandbox::enter_cgroups(record_.cgroups);
    if (entered.ok()) return entered;
    if (entered.error().code != ErrorCode::kUnavailable)
      return in_context(std::move(entered).error(), "enter the sandbox's control group");
    log::warn("the sandbox's processes stay in the control groups of who started it",
              {{"error", entered.error().message}});
    KATA_TRY(sandbox::remove_cgroups(record_.cgroups, std::chrono::steady_clock::now()), "");
    record_.cgroups = {};
    return journal_.write_cgroups({});
  }

  // It needs no clean-up: its users are this process, the VMM and the shims.
  Result<void> make_netns() {
    if (!record_.new_netns) return {};
    netns_ = KATA_TRY(sandbox::make_network_namespace(), "");
    record_.netns = concat("/proc/", ::getpid(), "/fd/", netns_.get());
    return journal_.write_netns(record_.netns);
  }

  Result<void> report(const Result<void>& up) {
    const UniqueFd pipe = std::move(ready_);
    if (!pipe) return {};
    return up.ok() ? sandbox::report_ready(pipe.get())
                   : sandbox::report_failure(pipe.get(), up.error());
  }

  asio::awaitable<void> serve_to_the_end() {
    co_await sandbox_->stopped();
    ::unlink((store_.directory(record_.id) / "proxy.sock").c_str());
    co_await service_->drain(std::chrono::steady_clock::now() + kLastReplies);
    exit_code_ = sandbox_->failure().empty() ? 0 : 1;
  }

  asio::awaitable<void> obey_sigterm() {
    asio::signal_set signals(loop_, SIGTERM);
    co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    log::info("told to stop by SIGTERM");
    co_await shut_down();
  }

  asio::awaitable<void> shut_down() {
    static_cast<void>(co_await sandbox_->shutdown(kPatienceOnSigterm));
  }

  asio::io_context loop_{1};  // first: everything below has timers and sockets in it
  sandbox::Store store_;
  sandbox::SandboxRecord record_;
  config::Config config_;
  sandbox::Journal journal_;
  UniqueFd ready_;
  UniqueFd netns_{};  // the one that was made here
  sandbox::PluginThread plugins_;
  plugin_host::PluginHost host_;
  std::optional<sandbox::Sandbox> sandbox_;
  std::optional<Service> service_;
  int exit_code_ = 1;
};

Result<std::unique_ptr<Proxy>> make_proxy(const Options& options, UniqueFd& ready) {
  const sandbox::Store store(options.root);
  auto record = KATA_TRY(store.load_sandbox(options.sandbox), "");
  auto config =
      KATA_TRY(config::config_from_json(record.config_json), "read the sandbox's configuration");
  return std::make_unique<Proxy>(store, std::move(record), std::move(config), std::move(ready));
}

}  // namespace

int run(const Options& options, UniqueFd ready) {
  auto proxy = make_proxy(options, ready);
  if (proxy.ok()) return proxy.value()->run();
  log::error("cannot run the sandbox", {{"error", proxy.error().message}});
  if (ready) static_cast<void>(sandbox::report_failure(ready.get(), proxy.error()));
  return 1;
}

}  // namespace kata::proxy
