// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <time.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent/guest_mounts.h"
#include "agent/listener.h"
#include "agent/modules.h"
#include "agent/resident_memory.h"
#include "agent/rpc/services.h"
#include "agent/sandbox.h"
#include "agent/signals.h"
#include "core/base/log.h"
#include "protocol/ttrpc/server.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

// The reply to DestroySandbox leaves through the same loop: let it go first.
constexpr std::chrono::milliseconds kLastReply{50};

asio::awaitable<void> destroy_and_stop(Sandbox& sandbox, asio::io_context& loop) {
  co_await sandbox.destroy();
  loop.stop();
}

// Since the kernel started: where a slow boot spends its time.
long uptime_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

void stop_soon(asio::io_context& loop) {
  auto timer = std::make_shared<asio::steady_timer>(loop, kLastReply);
  timer->async_wait([timer, &loop](const boost::system::error_code&) { loop.stop(); });
}

}  // namespace

Result<void> run_agent(const AgentConfig& config, bool is_init) {
  asio::io_context loop(1);
  const auto executor = loop.get_executor();
  const auto signals = KATA_TRY(Signals::install(executor), "handle signals");
  ModuleLoader modules(config.modules_dir);
  Sandbox sandbox(executor, config, is_init, modules, *signals);
  ttrpc::Server server;
  register_services(server, sandbox, modules, config, is_init, [&loop] { stop_soon(loop); });

  const auto endpoints = KATA_TRY(open_endpoints(config, modules), "listen");
  // First in the queue: done before any request is read, while the host's first one travels.
  if (is_init) asio::post(loop, [&config] { finish_guest(config.unified_cgroups); });
  for (const Endpoint& endpoint : endpoints)
    asio::co_spawn(loop, serve_endpoint(endpoint, server), asio::detached);
  asio::co_spawn(loop, signals->run([&] {
    asio::co_spawn(loop, destroy_and_stop(sandbox, loop), asio::detached);
  }),
                 asio::detached);
  log::info("agent is ready", {{"uptime_ms", std::to_string(uptime_ms())}});
  asio::post(loop, release_setup_pages);
  loop.run();
  for (const Endpoint& endpoint : endpoints)
    if (!endpoint.unlink_path.empty()) ::unlink(endpoint.unlink_path.c_str());
  return {};
}

}  // namespace kata::agent
