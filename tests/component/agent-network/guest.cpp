// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <fcntl.h>
#include <signal.h>

#include <thread>

#include "kata/concat.h"
#include "kata/unix_socket.h"

using namespace kata;

namespace {

Deadline in_seconds(int seconds) {
  return std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
}

}  // namespace

Guest::Guest(int nics) {
  run("ip link set lo up");
  for (int number = 0; number < nics; ++number) add_nic(number);
  SpawnRequest request;
  request.argv = {KATA_AGENT, "--server-addr", concat("unix://", directory_.path(), "/agent.sock"),
                  "--run-dir", directory_.path() / "run"};
  request.netns = namespace_.path();
  const auto log_file = directory_.path() / "log";
  const UniqueFd log(::open(log_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  request.descriptors = {{log.get(), 1}, {log.get(), 2}};
  agent_ = ok(ChildProcess::spawn(std::move(request)));
  client_.emplace(connect());
}

ttrpc::BlockingClient Guest::connect() const {
  for (const Deadline deadline = in_seconds(10);;) {  // the agent may be starting
    auto connected = connect_unix(directory_.path() / "agent.sock");
    if (connected.ok()) return ttrpc::BlockingClient(connected.take());
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, connected.error().message);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Guest::~Guest() {
  const auto ended = agent_.terminate(SIGTERM, in_seconds(15));
  CHECK((ended.ok() && ended.value().code == 0));
}

void Guest::add_nic(int number) const {
  run(concat("ip link add dev eth", number, " address ", mac_of(number),
             " type veth peer name peer", number, " && ip link set dev peer", number, " up"));
}

Result<types::Interface> Guest::update(const types::Interface& interface) {
  grpc::UpdateInterfaceRequest request;
  *request.mutable_interface() = interface;
  return call<types::Interface>("UpdateInterface", request);
}

Result<grpc::Routes> Guest::update(const std::vector<types::Route>& routes) {
  grpc::UpdateRoutesRequest request;
  request.mutable_routes();
  for (const types::Route& each : routes) *request.mutable_routes()->add_routes() = each;
  return call<grpc::Routes>("UpdateRoutes", request);
}

Result<grpc::Empty> Guest::add(const std::vector<types::ARPNeighbor>& neighbors) {
  grpc::AddARPNeighborsRequest request;
  request.mutable_neighbors();
  for (const types::ARPNeighbor& each : neighbors)
    *request.mutable_neighbors()->add_arpneighbors() = each;
  return call<grpc::Empty>("AddARPNeighbors", request);
}

std::vector<types::Route> Guest::routes() {
  const auto reply = ok(call<grpc::Routes>("ListRoutes", grpc::ListRoutesRequest()));
  return {reply.routes().begin(), reply.routes().end()};
}

std::string mac_of(int nic) { return concat("02:00:00:00:00:0", nic + 1); }

types::Interface interface(int nic, const std::string& name,
                           const std::vector<std::string>& addresses) {
  types::Interface message;
  message.set_device(name);
  message.set_name(name);
  message.set_hwaddr(mac_of(nic));
  for (const std::string& text : addresses) {
    auto& address = *message.add_ipaddresses();
    address.set_address(text.substr(0, text.find('/')));
    address.set_mask(text.substr(text.find('/') + 1));
    if (contains(text, ":")) address.set_family(types::IPFamily::v6);
  }
  return message;
}

types::Route route(const std::string& dest, const std::string& gateway, const std::string& device) {
  types::Route message;
  message.set_dest(dest);
  message.set_gateway(gateway);
  message.set_device(device);
  if (contains(dest + gateway, ":")) message.set_family(types::IPFamily::v6);
  return message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

int count(const std::string& text, std::string_view part) {
  int found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size())
    ++found;
  return found;
}
