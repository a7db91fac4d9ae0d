// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox_sockets.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <utility>

#include "core/base/log.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::sandbox {

namespace asio = boost::asio;

namespace {

constexpr const char* kAgentSocket = "agent.sock";
constexpr const char* kMonitorSocket = "shim-monitor.sock";

}  // namespace

Result<std::unique_ptr<SandboxSockets>> SandboxSockets::open(asio::any_io_executor loop,
                                                             const std::filesystem::path& directory,
                                                             Sandbox& sandbox) {
  UniqueFd agent = KATA_TRY(listen_unix(directory / kAgentSocket), "");
  UniqueFd monitor = KATA_TRY(listen_unix(directory / kMonitorSocket), "");
  std::unique_ptr<SandboxSockets> sockets(
      new SandboxSockets(loop, directory, sandbox, std::move(agent), std::move(monitor)));
  asio::co_spawn(loop, sockets->agent_.accept_clients(), asio::detached);
  asio::co_spawn(loop, sockets->monitor_.accept_clients(), asio::detached);
  return sockets;
}

SandboxSockets::SandboxSockets(asio::any_io_executor loop, const std::filesystem::path& directory,
                               Sandbox& sandbox, UniqueFd agent, UniqueFd monitor)
    : directory_(directory),
      agent_(loop, std::move(agent), forwarder_),
      subject_(sandbox, concat("unix://", directory / kAgentSocket)),
      monitor_(loop, std::move(monitor), subject_) {
  forwarder_.set_fallback([&sandbox](std::string service, std::string method, std::string payload,
                                     std::chrono::nanoseconds timeout) {
    return sandbox.forward(std::move(service), std::move(method), std::move(payload), timeout);
  });
}

void SandboxSockets::open_console(asio::any_io_executor loop, const Sandbox& sandbox) {
  if (!sandbox.debug_console()) return;
  auto opened = ConsoleRelay::open(loop, directory_, *sandbox.debug_console());
  if (opened.ok())
    console_ = opened.take();
  else
    log::warn("the debug console has no socket", {{"error", opened.error().message}});
}

asio::awaitable<void> SandboxSockets::close(Deadline deadline) {
  ::unlink((directory_ / kAgentSocket).c_str());
  ::unlink((directory_ / kMonitorSocket).c_str());
  if (console_) console_->close();
  co_await agent_.drain(deadline);
  co_await monitor_.drain(deadline);
}

}  // namespace kata::sandbox
