// SPDX-License-Identifier: Apache-2.0
//
// The guest's network, in the namespace that the agent runs in.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent.pb.h"
#include "agent/network/interface_update.h"
#include "agent/network/route_update.h"
#include "agent/rpc/reply.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::chrono::milliseconds kRetry{10};  // while a plugged NIC gets its driver

// To Kata's hosts, NOT_FOUND and UNIMPLEMENTED say that the method is missing.
Error as_reply(Error error, const char* action) {
  if (error.code == ErrorCode::kNotFound || error.code == ErrorCode::kUnsupported)
    error.code = ErrorCode::kInternal;
  return in_context(std::move(error), action);
}

Error request_without(const char* what) {
  return make_error(ErrorCode::kInvalidArgument, concat("the request has no ", what));
}

asio::awaitable<Result<Link>> wait_for_link(NetlinkSocket& socket, const InterfaceRequest& request,
                                            Deadline deadline) {
  asio::steady_timer retry(co_await asio::this_coro::executor);
  for (;;) {
    auto link = find_link(socket, request);
    const bool may_come = !link.ok() && link.error().code == ErrorCode::kNotFound;
    if (!may_come || std::chrono::steady_clock::now() >= deadline) co_return link;
    retry.expires_after(kRetry);
    co_await retry.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<Result<types::Interface>> update_interface(ModuleLoader& modules,
                                                           std::chrono::seconds timeout,
                                                           const types::Interface& message) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  KATA_CO_TRY(const InterfaceRequest request, interface_request(message), "");
  const auto driver = modules.load("virtio_net");
  KATA_CO_TRY(NetlinkSocket socket, NetlinkSocket::open(), "");
  auto link = co_await wait_for_link(socket, request, deadline);
  // Outside of a virtual machine the driver is not needed.
  if (!link.ok() && !driver.ok())
    log::warn("no driver for a network device", {{"error", driver.error().message}});
  if (!link.ok()) co_return std::move(link).error();
  KATA_CO_CHECK(configure_link(socket, link.value(), request), "");
  KATA_CO_TRY(types::Interface reply, describe_link(socket, link.value().index), "");
  reply.set_device(message.device());
  reply.set_devicepath(message.devicepath());
  reply.set_type(message.type());
  co_return reply;
}

Result<grpc::Routes> routes_now(NetlinkSocket& socket) {
  const std::vector<Link> links = KATA_TRY(list_links(socket), "");
  grpc::Routes reply;
  for (const Route& route : KATA_TRY(list_routes(socket), ""))
    *reply.add_routes() = route_message(route, links);
  return reply;
}

Result<grpc::Routes> update_routes(const grpc::Routes& message) {
  NetlinkSocket socket = KATA_TRY(NetlinkSocket::open(), "");
  const std::vector<Link> links = KATA_TRY(list_links(socket), "");
  std::vector<Route> wanted;
  for (const types::Route& route : message.routes())
    wanted.push_back(KATA_TRY(route_request(route, links), ""));
  KATA_TRY(set_routes(socket, arranged(std::move(wanted))), "");
  return routes_now(socket);
}

Result<grpc::Routes> list_all_routes() {
  NetlinkSocket socket = KATA_TRY(NetlinkSocket::open(), "");
  return routes_now(socket);
}

Result<grpc::Interfaces> list_interfaces() {
  NetlinkSocket socket = KATA_TRY(NetlinkSocket::open(), "");
  const std::vector<LinkAddress> addresses = KATA_TRY(list_addresses(socket), "");
  grpc::Interfaces reply;
  for (const Link& link : KATA_TRY(list_links(socket), ""))
    *reply.add_interfaces() = interface_message(link, addresses);
  return reply;
}

Result<void> add_neighbors(const grpc::ARPNeighbors& message) {
  std::vector<Neighbor> neighbors;
  for (const types::ARPNeighbor& neighbor : message.arpneighbors())
    neighbors.push_back(KATA_TRY(neighbor_request(neighbor), ""));
  NetlinkSocket socket = KATA_TRY(NetlinkSocket::open(), "");
  const std::vector<Link> links = KATA_TRY(list_links(socket), "");
  for (const Neighbor& neighbor : neighbors) {
    const std::string action = concat("neighbour '", text_of(neighbor.address), "'");
    const Link* const link = KATA_TRY(link_called(links, neighbor.link_name), action);
    KATA_TRY(set_neighbor(socket, link->index, neighbor), action);
  }
  return {};
}

// For a method that does not wait: function is Result<Response>(Request).
template <class Request, class Response, class Function>
void answer_now(ttrpc::Server& server, const char* method, const char* action, Function function) {
  ttrpc::handle<Request, Response>(
      server, kAgentService, method,
      [function, action](Request request) -> asio::awaitable<Result<Response>> {
        Result<Response> reply = function(request);
        if (!reply.ok()) co_return as_reply(std::move(reply).error(), action);
        co_return reply;
      });
}

}  // namespace

void register_network_methods(ttrpc::Server& server, ModuleLoader& modules,
                              std::chrono::seconds hotplug_timeout) {
  ttrpc::handle<grpc::UpdateInterfaceRequest, types::Interface>(
      server, kAgentService, "UpdateInterface",
      [&modules, hotplug_timeout](
          grpc::UpdateInterfaceRequest request) -> asio::awaitable<Result<types::Interface>> {
        Result<types::Interface> reply = request_without("interface");
        if (request.has_interface())
          reply = co_await update_interface(modules, hotplug_timeout, request.interface());
        if (!reply.ok()) co_return as_reply(std::move(reply).error(), "update interface");
        co_return reply;
      });
  answer_now<grpc::UpdateRoutesRequest, grpc::Routes>(
      server, "UpdateRoutes", "update routes",
      [](const grpc::UpdateRoutesRequest& request) -> Result<grpc::Routes> {
        if (!request.has_routes()) return request_without("routes");
        return update_routes(request.routes());
      });
  answer_now<grpc::ListInterfacesRequest, grpc::Interfaces>(
      server, "ListInterfaces", "list interfaces",
      [](const grpc::ListInterfacesRequest&) { return list_interfaces(); });
  answer_now<grpc::ListRoutesRequest, grpc::Routes>(
      server, "ListRoutes", "list routes",
      [](const grpc::ListRoutesRequest&) { return list_all_routes(); });
  handle_now<grpc::AddARPNeighborsRequest>(
      server, "AddARPNeighbors", [](const grpc::AddARPNeighborsRequest& request) -> Result<void> {
        Result<void> added = request_without("neighbors");
        if (request.has_neighbors()) added = add_neighbors(request.neighbors());
        if (!added.ok()) return as_reply(std::move(added).error(), "add ARP neighbours");
        return added;
      });
}

}  // namespace kata::agent
