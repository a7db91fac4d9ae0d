// SPDX-License-Identifier: Apache-2.0
#include "sandbox/agent_client.h"

#include <linux/rtnetlink.h>

#include <sstream>

#include "health.pb.h"
#include "kata/concat.h"
#include "sandbox/event.h"
#include "sandbox/guest_spec.h"

namespace kata::sandbox {

namespace asio = boost::asio;

namespace {

constexpr const char* kAgentService = "grpc.AgentService";
constexpr const char* kHealthService = "grpc.Health";
constexpr std::chrono::seconds kOrdinaryCall{60};
constexpr std::uint32_t kRemoveGraceSeconds = 10;
constexpr std::size_t kMaxHostname = 64;  // the kernel's limit

// "10.0.0.2/24" → address and mask as the agent takes them.
types::IPAddress ip_address(const std::string& text) {
  types::IPAddress address;
  const std::size_t slash = text.find('/');
  address.set_family(text.find(':') == std::string::npos ? types::IPFamily::v4
                                                         : types::IPFamily::v6);
  address.set_address(text.substr(0, slash));
  if (slash != std::string::npos) address.set_mask(text.substr(slash + 1));
  return address;
}

grpc::UpdateInterfaceRequest interface_request(const GuestInterface& interface) {
  grpc::UpdateInterfaceRequest request;
  types::Interface& wanted = *request.mutable_interface();
  wanted.set_device(interface.name);
  wanted.set_name(interface.name);
  wanted.set_hwaddr(interface.mac);
  wanted.set_mtu(interface.mtu);
  for (const std::string& address : interface.addresses)
    *wanted.add_ipaddresses() = ip_address(address);
  wanted.set_raw_flags(interface.raw_flags);
  return request;
}

grpc::UpdateRoutesRequest routes_request(const std::vector<GuestRoute>& routes) {
  grpc::UpdateRoutesRequest request;
  grpc::Routes& list = *request.mutable_routes();  // there even when empty: none are left
  for (const GuestRoute& route : routes) {
    types::Route& wanted = *list.add_routes();
    wanted.set_dest(route.destination);
    wanted.set_gateway(route.gateway);
    wanted.set_source(route.source);
    wanted.set_device(route.interface_name);
    wanted.set_scope(route.scope);
    wanted.set_mtu(route.mtu);
    if (route.onlink) wanted.set_flags(RTNH_F_ONLINK);
    const std::string& any = route.destination.empty() ? route.gateway : route.destination;
    if (any.find(':') != std::string::npos) wanted.set_family(types::IPFamily::v6);
  }
  return request;
}

grpc::AddARPNeighborsRequest neighbors_request(const std::vector<GuestNeighbor>& neighbors) {
  grpc::AddARPNeighborsRequest request;
  grpc::ARPNeighbors& list = *request.mutable_neighbors();
  for (const GuestNeighbor& neighbor : neighbors) {
    types::ARPNeighbor& wanted = *list.add_arpneighbors();
    *wanted.mutable_toipaddress() = ip_address(neighbor.address);
    wanted.set_device(neighbor.interface_name);
    wanted.set_lladdr(neighbor.mac);
    wanted.set_state(0x80);  // NUD_PERMANENT
  }
  return request;
}

}  // namespace

asio::awaitable<Result<void>> AgentClient::ask(const char* method, std::string payload,
                                               std::chrono::nanoseconds timeout) {
  using namespace asio::experimental::awaitable_operators;
  const ttrpc::CallOptions options{timeout};
  std::optional<bool> answers_check;  // nothing: no check has ended yet
  auto first = co_await (client_.call(kAgentService, method, std::move(payload), options) ||
                         keep_checking(answers_check));
  Result<std::string> reply = std::get<0>(std::move(first));  // the other one never ends by itself
  if (reply.ok()) co_return Result<void>{};
  Error error = in_context(std::move(reply).error(), method);
  if (error.code == ErrorCode::kTimeout && answers_check)
    error.message += *answers_check ? "; the agent answers Health.Check, so it is busy with it"
                                    : "; nor does the guest answer Health.Check: it hangs";
  co_return error;
}

asio::awaitable<void> AgentClient::keep_checking(std::optional<bool>& answered) {
  for (;;) {
    co_await sleep_until(std::chrono::steady_clock::now() + check_interval_);
    answered = (co_await check(check_interval_)).ok();
  }
}

asio::awaitable<Result<void>> AgentClient::check(std::chrono::nanoseconds timeout) {
  const grpc::CheckRequest request;
  const ttrpc::CallOptions options{timeout};
  auto reply = co_await ttrpc::call<grpc::HealthCheckResponse>(client_, kHealthService, "Check",
                                                               request, options);
  if (!reply.ok()) co_return in_context(std::move(reply).error(), "Check");
  if (reply.value().status() != grpc::HealthCheckResponse::SERVING)
    co_return make_error(ErrorCode::kUnavailable, "Check: the agent says it is not serving");
  co_return Result<void>{};
}

asio::awaitable<Result<void>> AgentClient::create_sandbox(grpc::CreateSandboxRequest request) {
  co_return co_await ask("CreateSandbox", request.SerializeAsString(), kOrdinaryCall);
}

asio::awaitable<Result<void>> AgentClient::create_container(grpc::CreateContainerRequest request,
                                                            std::chrono::nanoseconds timeout) {
  co_return co_await ask("CreateContainer", request.SerializeAsString(), timeout);
}

asio::awaitable<Result<void>> AgentClient::remove_container(std::string container_id,
                                                            std::chrono::nanoseconds timeout) {
  grpc::RemoveContainerRequest request;
  request.set_container_id(std::move(container_id));
  request.set_timeout(kRemoveGraceSeconds);
  co_return co_await ask("RemoveContainer", request.SerializeAsString(), timeout);
}

asio::awaitable<Result<void>> AgentClient::signal_container(std::string container_id, int signal) {
  grpc::SignalProcessRequest request;
  request.set_container_id(std::move(container_id));
  request.set_signal(static_cast<std::uint32_t>(signal));
  co_return co_await ask("SignalProcess", request.SerializeAsString(), kOrdinaryCall);
}

asio::awaitable<Result<void>> AgentClient::destroy_sandbox(std::chrono::nanoseconds timeout) {
  const grpc::DestroySandboxRequest request;
  co_return co_await ask("DestroySandbox", request.SerializeAsString(), timeout);
}

asio::awaitable<Result<void>> AgentClient::set_up_network(const GuestNetwork& network) {
  for (const GuestInterface& interface : network.interfaces)
    KATA_CO_CHECK(co_await update_interface(interface, {}), "");
  if (!network.routes.empty()) KATA_CO_CHECK(co_await update_routes(network.routes), "");
  if (!network.neighbors.empty()) KATA_CO_CHECK(co_await add_neighbors(network.neighbors), "");
  co_return Result<void>{};
}

asio::awaitable<Result<void>> AgentClient::update_interface(const GuestInterface& interface,
                                                            std::string guest_address) {
  auto request = interface_request(interface);
  request.mutable_interface()->set_devicepath(std::move(guest_address));
  KATA_CO_CHECK(co_await ask("UpdateInterface", request.SerializeAsString(), kOrdinaryCall),
                concat("set up interface '", interface.name, "' in the guest"));
  co_return Result<void>{};
}

asio::awaitable<Result<void>> AgentClient::update_routes(const std::vector<GuestRoute>& routes) {
  KATA_CO_CHECK(
      co_await ask("UpdateRoutes", routes_request(routes).SerializeAsString(), kOrdinaryCall),
      "set up the guest's routes");
  co_return Result<void>{};
}

asio::awaitable<Result<void>> AgentClient::add_neighbors(
    const std::vector<GuestNeighbor>& neighbors) {
  KATA_CO_CHECK(co_await ask("AddARPNeighbors", neighbors_request(neighbors).SerializeAsString(),
                             kOrdinaryCall),
                "set up the guest's neighbours");
  co_return Result<void>{};
}

asio::awaitable<Result<std::string>> AgentClient::forward(std::string service, std::string method,
                                                          std::string payload,
                                                          std::chrono::nanoseconds timeout) {
  const ttrpc::CallOptions options{timeout};
  co_return co_await client_.call(service, method, std::move(payload), options);
}

grpc::CreateSandboxRequest create_sandbox_request(const SandboxIdentity& identity,
                                                  const GuestMount& share,
                                                  const std::vector<std::string>& kernel_modules) {
  grpc::CreateSandboxRequest request;
  const std::string& hostname = identity.hostname.empty() ? identity.id : identity.hostname;
  request.set_sandbox_id(identity.id);
  request.set_hostname(hostname.substr(0, kMaxHostname));
  for (const std::string& line : identity.dns) request.add_dns(line);
  grpc::Storage& shared = *request.add_storages();
  shared.set_driver(share.driver);
  shared.set_source(share.source);
  shared.set_fstype(share.fstype);
  shared.set_mount_point(share.mount_point.native());
  for (const std::string& option : share.options) shared.add_options(option);
  grpc::Storage& shm = *request.add_storages();
  shm.set_driver("ephemeral");
  shm.set_source("shm");
  shm.set_fstype("tmpfs");
  shm.set_mount_point(std::string(kGuestShm));
  for (const char* option : {"noexec", "nosuid", "nodev", "mode=1777"}) shm.add_options(option);
  shm.add_options(concat("size=", identity.shm_bytes));
  for (const std::string& line : kernel_modules) {  // "name parameter parameter"
    std::istringstream words(line);
    std::string word;
    if (!(words >> word)) continue;
    grpc::KernelModule& module = *request.add_kernel_modules();
    module.set_name(word);
    while (words >> word) module.add_parameters(word);
  }
  return request;
}

}  // namespace kata::sandbox
