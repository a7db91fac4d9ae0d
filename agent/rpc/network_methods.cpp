// SPDX-License-Identifier: Apache-2.0
//
// The guest's network, in the namespace that the agent runs in.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>

#include "agent.pb.h"
#include "agent/network/interface_update.h"
#include "agent/network/route_update.h"
#include "agent/rpc/services.h"
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

// Messages stay bytes at the edge, so that one coroutine serves all methods.
template <class Request>
Result<Request> parsed(const std::string& payload) {
  Request request;
  if (request.ParseFromString(payload)) return request;
  return make_error(ErrorCode::kInvalidArgument, "the request is not a valid message");
}

Result<std::string> set_up(NetlinkSocket& socket, const Link& link, const InterfaceRequest& request,
                           const types::Interface& message) {
  KATA_TRY(configure_link(socket, link, request), "");
  types::Interface reply = KATA_TRY(describe_link(socket, link.index), "");
  reply.set_device(message.device());
  reply.set_devicepath(message.devicepath());
  reply.set_type(message.type());
  return reply.SerializeAsString();
}

asio::awaitable<Result<std::string>> update_interface(ModuleLoader& modules,
                                                      std::chrono::seconds timeout,
                                                      std::string payload) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  KATA_CO_TRY(const auto message, parsed<grpc::UpdateInterfaceRequest>(payload), "");
  if (!message.has_interface()) co_return request_without("interface");
  KATA_CO_TRY(const InterfaceRequest request, interface_request(message.interface()), "");
  const auto driver = modules.load("virtio_net");
  KATA_CO_TRY(NetlinkSocket socket, NetlinkSocket::open(), "");
  const auto link = co_await wait_for_link(socket, request, deadline);
  if (link.ok()) co_return set_up(socket, link.value(), request, message.interface());
  // Outside of a virtual machine the driver is not needed.
  if (!driver.ok())
    log::warn("no driver for a network device", {{"error", driver.error().message}});
  co_return link.error();
}

Result<std::string> routes_now(NetlinkSocket& socket) {
  const std::vector<Link> links = KATA_TRY(list_links(socket), "");
  grpc::Routes reply;
  for (const Route& route : KATA_TRY(list_routes(socket), ""))
    *reply.add_routes() = route_message(route, links);
  return reply.SerializeAsString();
}

Result<std::string> update_routes(const std::string& payload) {
  const auto request = KATA_TRY(parsed<grpc::UpdateRoutesRequest>(payload), "");
  if (!request.has_routes()) return request_without("routes");
  NetlinkSocket socket = KATA_TRY(NetlinkSocket::open(), "");
  const std::vector<Link> links = KATA_TRY(list_links(socket), "");
  std::vector<Route> wanted;
  for (const types::Route& route : request.routes().routes())
    wanted.push_back(KATA_TRY(route_request(route, links), ""));
  KATA_TRY(set_routes(socket, arranged(wanted)), "");
  return routes_now(socket);
}

Result<std::string> list_routes_of_all(const std::string&) {
  NetlinkSocket socket = KATA_TRY(NetlinkSocket::open(), "");
  return routes_now(socket);
}

Result<std::string> list_interfaces(const std::string&) {
  NetlinkSocket socket = KATA_TRY(NetlinkSocket::open(), "");
  const std::vector<LinkAddress> addresses = KATA_TRY(list_addresses(socket), "");
  grpc::Interfaces reply;
  for (const Link& link : KATA_TRY(list_links(socket), ""))
    *reply.add_interfaces() = interface_message(link, addresses);
  return reply.SerializeAsString();
}

Result<std::string> add_neighbors(const std::string& payload) {
  const auto request = KATA_TRY(parsed<grpc::AddARPNeighborsRequest>(payload), "");
  if (!request.has_neighbors()) return request_without("neighbors");
  std::vector<Neighbor> neighbors;
  for (const types::ARPNeighbor& neighbor : request.neighbors().arpneighbors())
    neighbors.push_back(KATA_TRY(neighbor_request(neighbor), ""));
  NetlinkSocket socket = KATA_TRY(NetlinkSocket::open(), "");
  const std::vector<Link> links = KATA_TRY(list_links(socket), "");
  for (const Neighbor& neighbor : neighbors) {
    const std::string action = concat("neighbour '", text_of(neighbor.address), "'");
    const Link* const link = KATA_TRY(link_called(links, neighbor.link_name), action);
    KATA_TRY(set_neighbor(socket, link->index, neighbor), action);
  }
  return std::string();
}

struct Method {
  const char* name;
  const char* action;  // in front of its errors
  Result<std::string> (*answer)(const std::string& payload);
};
constexpr std::array kMethods{
    Method{"UpdateRoutes", "update routes", update_routes},
    Method{"ListInterfaces", "list interfaces", list_interfaces},
    Method{"ListRoutes", "list routes", list_routes_of_all},
    Method{"AddARPNeighbors", "add ARP neighbours", add_neighbors},
};

}  // namespace

void register_network_methods(ttrpc::Server& server, ModuleLoader& modules,
                              std::chrono::seconds hotplug_timeout) {
  server.handle(
      kAgentService, "UpdateInterface",
      [&modules, hotplug_timeout](std::string payload) -> asio::awaitable<Result<std::string>> {
        auto reply = co_await update_interface(modules, hotplug_timeout, std::move(payload));
        if (!reply.ok()) co_return as_reply(std::move(reply).error(), "update interface");
        co_return reply;
      });
  for (const Method& method : kMethods)
    server.handle(kAgentService, method.name,
                  [&method](std::string payload) -> asio::awaitable<Result<std::string>> {
                    Result<std::string> reply = method.answer(payload);
                    if (!reply.ok()) co_return as_reply(std::move(reply).error(), method.action);
                    co_return reply;
                  });
}

}  // namespace kata::agent
