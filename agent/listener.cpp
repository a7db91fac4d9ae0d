// SPDX-License-Identifier: Apache-2.0
#include "agent/listener.h"

#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent/serial_port.h"
#include "agent/virtio_bus.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

// As in <kata/plugin/draft/hypervisor_debug_console.h>.
constexpr const char* kConsolePort = "debug.console.0";
constexpr std::uint32_t kConsoleVsockPort = 1026;

Result<Endpoint> open_serial(const SerialListen& address, const AgentConfig& config,
                             ModuleLoader& modules) {
  KATA_TRY(modules.load("virtio_pci"), "");
  KATA_TRY(modules.load("virtio_console"), "");
  const Deadline deadline = std::chrono::steady_clock::now() + config.hotplug_timeout;
  return Endpoint{
      EndpointKind::kSerial, KATA_TRY(open_serial_port(address.port_name, deadline), ""), {}};
}

Result<Endpoint> open_vsock(const ttrpc::VsockAddress& address, ModuleLoader& modules) {
  const auto driver = modules.load("vmw_vsock_virtio_transport");
  auto fd = ttrpc::listen(address);
  // The driver may be built in; without one its absence is the better reason.
  if (!fd.ok() && !driver.ok()) return driver.error();
  return Endpoint{EndpointKind::kVsock, KATA_TRY(std::move(fd), ""), {}};
}

Result<Endpoint> open_unix(const ttrpc::UnixAddress& address) {
  UniqueFd fd = KATA_TRY(ttrpc::listen(address), "");
  return Endpoint{EndpointKind::kUnix, std::move(fd),
                  address.is_abstract ? std::string() : address.name};
}

Result<Endpoint> open_address(const ttrpc::Address& address, ModuleLoader& modules) {
  if (const auto* vsock = std::get_if<ttrpc::VsockAddress>(&address))
    return open_vsock(*vsock, modules);
  if (const auto* local = std::get_if<ttrpc::UnixAddress>(&address)) return open_unix(*local);
  return make_error(ErrorCode::kUnsupported, "an agent cannot listen on this kind of address");
}

// A broken way in is no reason to refuse the other.
Result<std::vector<Endpoint>> open_any(const AgentConfig& config, ModuleLoader& modules) {
  KATA_TRY(modules.load("virtio_pci"), "");
  const VirtioDevices present = virtio_devices();
  std::vector<Endpoint> endpoints;
  Error reason = make_error(ErrorCode::kNotFound,
                            "the machine has neither a virtio-serial nor a vsock device");
  const auto keep = [&](Result<Endpoint> opened) {
    if (opened.ok())
      endpoints.push_back(opened.take());
    else
      reason = std::move(opened).error();
  };
  if (present.console) keep(open_serial(SerialListen{}, config, modules));
  if (present.vsock) keep(open_vsock({VMADDR_CID_ANY, ttrpc::kAgentPort}, modules));
  if (endpoints.empty()) return reason;
  return endpoints;
}

// Where the hypervisor has put the way to the console.
Result<Endpoint> open_any_console(const AgentConfig& config, ModuleLoader& modules) {
  if (virtio_devices().vsock) return open_vsock({VMADDR_CID_ANY, kConsoleVsockPort}, modules);
  return open_serial(SerialListen{kConsolePort}, config, modules);
}

bool is_host(EndpointKind kind, int connection) {
  if (kind == EndpointKind::kUnix) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           peer.uid == ::geteuid();
  }
  sockaddr_vm peer{};
  socklen_t size = sizeof peer;
  return ::getpeername(connection, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
         peer.svm_cid == VMADDR_CID_HOST;
}

asio::awaitable<void> serve_connection(ttrpc::Server& server, UniqueFd connection,
                                       ttrpc::ServeOptions options) {
  const Error end = co_await server.serve(std::move(connection), options);
  log::debug("a connection ended", {{"reason", end.message}});
}

asio::awaitable<void> accept_loop(const Endpoint& endpoint, ServeConnection serve) {
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor listening(executor,
                                           ::fcntl(endpoint.fd.get(), F_DUPFD_CLOEXEC, 3));
  for (;;) {
    const auto [error] = co_await listening.async_wait(asio::posix::stream_descriptor::wait_read,
                                                       asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    UniqueFd connection(::accept4(listening.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) continue;
    if (is_host(endpoint.kind, connection.get()))
      asio::co_spawn(executor, serve(std::move(connection)), asio::detached);
    else
      log::warn("refused a connection that is not the host's");
  }
}

// The port stays open here between hosts: closing it would throw away what the next one has sent.
asio::awaitable<void> serial_loop(int port, ServeConnection serve) {
  auto host_end = HostEnd::watch(co_await asio::this_coro::executor, port);
  if (!host_end.ok()) {
    log::error("cannot serve the serial port", {{"error", host_end.error().message}});
    co_return;
  }
  for (;;) {
    co_await host_end.value().connected();
    UniqueFd connection(::fcntl(port, F_DUPFD_CLOEXEC, 3));
    co_await serve(std::move(connection));
  }
}

}  // namespace

Result<Endpoint> open_endpoint(const ServerAddress& address, const AgentConfig& config,
                               ModuleLoader& modules) {
  if (const auto* serial = std::get_if<SerialListen>(&address))
    return open_serial(*serial, config, modules);
  if (const auto* other = std::get_if<ttrpc::Address>(&address))
    return open_address(*other, modules);
  return make_error(ErrorCode::kInvalidArgument, "needs one address");
}

Result<Endpoint> open_console(const ServerAddress& address, const AgentConfig& config,
                              ModuleLoader& modules) {
  if (std::holds_alternative<AnyListen>(address)) return open_any_console(config, modules);
  return open_endpoint(address, config, modules);
}

Result<std::vector<Endpoint>> open_endpoints(const AgentConfig& config, ModuleLoader& modules) {
  if (std::holds_alternative<AnyListen>(config.server)) return open_any(config, modules);
  std::vector<Endpoint> endpoints;
  endpoints.push_back(KATA_TRY(open_endpoint(config.server, config, modules), ""));
  return endpoints;
}

asio::awaitable<void> serve_connections(const Endpoint& endpoint, ServeConnection serve) {
  if (endpoint.kind == EndpointKind::kSerial)
    return serial_loop(endpoint.fd.get(), std::move(serve));
  return accept_loop(endpoint, std::move(serve));
}

asio::awaitable<void> serve_endpoint(const Endpoint& endpoint, ttrpc::Server& server) {
  ttrpc::ServeOptions options;
  options.resynchronise = endpoint.kind == EndpointKind::kSerial;
  return serve_connections(endpoint, [&server, options](UniqueFd connection) {
    return serve_connection(server, std::move(connection), options);
  });
}

}  // namespace kata::agent
