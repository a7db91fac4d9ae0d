// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <optional>

#include "agent/boot.h"
#include "agent/debug_console.h"
#include "agent/guest_mounts.h"
#include "agent/listener.h"
#include "agent/modules.h"
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

void stop_soon(asio::io_context& loop) {
  auto timer = std::make_shared<asio::steady_timer>(loop, kLastReply);
  timer->async_wait([timer, &loop](const boost::system::error_code&) { loop.stop(); });
}

// Beside the service: a guest whose log or console cannot be had runs nevertheless.
struct Asides {
  std::optional<Endpoint> log{}, console{};
};

std::optional<Endpoint> keep_aside(Result<Endpoint> opened, const char* what) {
  if (opened.ok()) return opened.take();
  log::warn(what, {{"error", opened.error().message}});
  return std::nullopt;
}

Asides open_asides(const AgentConfig& config, ModuleLoader& modules, bool has_log_port) {
  Asides asides;
  if (has_log_port && config.log_address)
    asides.log =
        keep_aside(open_endpoint(*config.log_address, config, modules), "the log has no port");
  if (config.debug_console && config.console_address)
    asides.console = keep_aside(open_console(*config.console_address, config, modules),
                                "the debug console has no port");
  return asides;
}

ConsoleLine line_of(const Endpoint& endpoint) {
  return endpoint.kind == EndpointKind::kSerial ? ConsoleLine::kEndless : ConsoleLine::kConnection;
}

void serve_asides(asio::io_context& loop, const AgentConfig& config, const Asides& asides,
                  Signals& signals, Boot& boot, LogPort* log_port) {
  if (asides.log)
    asio::co_spawn(loop,
                   serve_connections(*asides.log,
                                     [log_port](UniqueFd connection) {
                                       return log_port->serve(std::move(connection));
                                     }),
                   asio::detached);
  if (asides.console)
    asio::co_spawn(
        loop,
        serve_connections(*asides.console,
                          [&signals, &boot, line = line_of(*asides.console)](UniqueFd end) {
                            boot.complete();  // it has mounted the terminals
                            return serve_console(signals, std::move(end), line);
                          }),
        asio::detached);
  else if (config.debug_console && !config.console_address)
    asio::co_spawn(loop, run_console_shell(signals), asio::detached);
}

void remove_socket(const Endpoint& endpoint) {
  if (!endpoint.unlink_path.empty()) ::unlink(endpoint.unlink_path.c_str());
}

}  // namespace

Result<void> run_agent(const AgentConfig& config, bool is_init, LogPort* log_port) {
  asio::io_context loop(1);
  const auto executor = loop.get_executor();
  const auto signals = KATA_TRY(Signals::install(executor), "handle signals");
  ModuleLoader modules(config.modules_dir);
  Sandbox sandbox(executor, config, is_init, modules, *signals);
  ttrpc::Server server;
  // No call but of health comes before these.
  Boot boot(executor, [&] {
    register_services(server, sandbox, modules, config, is_init, [&loop] { stop_soon(loop); });
    if (is_init) finish_guest(config.unified_cgroups);
    asio::co_spawn(loop, signals->run([&] {
      asio::co_spawn(loop, destroy_and_stop(sandbox, loop), asio::detached);
    }),
                   asio::detached);
  });
  server.set_on_call([&boot](const std::string& service) { boot.called(service); });
  register_health(server, [&boot] { boot.checked(); });

  const auto endpoints = KATA_TRY(open_endpoints(config, modules), "listen");
  const auto aside = open_asides(config, modules, log_port != nullptr);
  for (const Endpoint& endpoint : endpoints)
    asio::co_spawn(loop, serve_endpoint(endpoint, server), asio::detached);
  serve_asides(loop, config, aside, *signals, boot, log_port);
  boot.listening();
  loop.run();
  for (const Endpoint& endpoint : endpoints) remove_socket(endpoint);
  for (const auto& endpoint : {std::cref(aside.log), std::cref(aside.console)})
    if (endpoint.get()) remove_socket(*endpoint.get());
  return {};
}

}  // namespace kata::agent
