// SPDX-License-Identifier: Apache-2.0
//
// The agent's network methods in a real guest: two NICs on taps, whose other ends are in a network
// namespace of this test.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include <array>
#include <string>
#include <thread>

#include "agent.pb.h"
#include "kata/concat.h"
#include "protocol/ttrpc/blocking_client.h"
#include "qemu_hypervisor.h"
#include "tests/fakes/quiet_host.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::qemu;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr seconds kBootTime{60};  // far above a boot under TCG on a busy machine

// Its own network namespace, left with the object.
struct Host {
  UniqueFd old{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  Host() { REQUIRE_MESSAGE(::unshare(CLONE_NEWNET) == 0, "this test needs root"); }
  ~Host() { CHECK(::setns(old.get(), CLONE_NEWNET) == 0); }
};

std::string run(const std::string& command) {
  std::string output;
  FILE* const pipe = ::popen(concat("exec 2>&1; ", command).c_str(), "re");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  for (std::size_t got = 0; (got = ::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), got);
  REQUIRE_MESSAGE(::pclose(pipe) == 0, command, ": ", output);
  return output;
}

std::string mac_of(int number) { return concat("02:00:00:00:00:0", number + 1); }

TapDevice make_tap(int number) {
  TapDevice tap;
  tap.id = concat("nic", number);
  tap.interface_name = concat("tap", number);
  tap.mac = mac_of(number);
  UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request{};
  tap.interface_name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  REQUIRE(::ioctl(fd.get(), TUNSETIFF, &request) == 0);
  tap.queues.push_back(std::move(fd));
  run(concat("ip addr add 10.", number, ".0.1/24 dev tap", number, " && ip addr add 2001:db8:",
             number, "::1/64 dev tap", number, " nodad && ip link set tap", number, " up"));
  return tap;
}

class Vm {
 public:
  Vm() {
    VmSpec spec;
    spec.id = "network-test";
    spec.kernel_params = "agent.hotplug_timeout=1";
    spec.kernel = std::filesystem::path(KATA_GUEST_DIR) / "vmlinux";
    spec.initrd = std::filesystem::path(KATA_GUEST_DIR) / "initrd.img";
    spec.boot = {1, 256};
    spec.shared_memory = true;
    std::vector<Device> devices;
    for (int number = 0; number < 2; ++number) devices.emplace_back(make_tap(number));
    hypervisor_ = QemuHypervisor::create(
                      {host_, R"({"agent_transport":"serial"})", spec.id, state_.path(), ""})
                      .take();
    const auto created = hypervisor_->create_vm(spec, std::move(devices));
    REQUIRE_MESSAGE(created.ok(), (created.ok() ? "" : created.error().message));
    const auto started = hypervisor_->start_vm(steady_clock::now() + kBootTime);
    REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().message));
    const auto address = std::get<SerialAddress>(hypervisor_->agent_address().take());
    agent_.emplace(ttrpc::BlockingClient::connect(address.socket).take());
  }
  ~Vm() { (void)hypervisor_->stop_vm(steady_clock::now()); }

  template <class Response, class Request>
  Response ask(std::string_view method, const Request& request) {
    auto reply = ttrpc::call<Response>(*agent_, "grpc.AgentService", method, request,
                                       steady_clock::now() + kBootTime);
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    return reply.take();
  }

  QemuHypervisor& hypervisor() { return *hypervisor_; }

  // Empty when the guest has no such NIC.
  std::string mac_at(const std::string& pci_path) {
    grpc::UpdateInterfaceRequest request;
    request.mutable_interface()->set_devicepath(pci_path);
    request.mutable_interface()->set_name("pci0");
    auto reply = ttrpc::call<types::Interface>(*agent_, "grpc.AgentService", "UpdateInterface",
                                               request, steady_clock::now() + kBootTime);
    if (reply.ok()) return reply.value().hwaddr();
    CHECK(reply.error().message.find("Link not found (PCI path") != std::string::npos);
    return {};
  }

  types::Interface update(int number, const std::string& name) {
    grpc::UpdateInterfaceRequest request;
    types::Interface& wanted = *request.mutable_interface();
    wanted.set_name(name);
    wanted.set_hwaddr(mac_of(number));
    wanted.set_mtu(1400);
    for (const std::string& text :
         {concat("10.", number, ".0.2"), concat("2001:db8:", number, "::2")}) {
      types::IPAddress& address = *wanted.add_ipaddresses();
      address.set_address(text);
      address.set_mask(text.starts_with("10.") ? "24" : "64");
    }
    return ask<types::Interface>("UpdateInterface", request);
  }

 private:
  TemporaryDirectory state_{};
  fakes::QuietHost host_{};
  std::unique_ptr<QemuHypervisor> hypervisor_{};
  std::optional<ttrpc::BlockingClient> agent_{};
};

}  // namespace

TEST_CASE("a guest's NICs are set up and swapped and carry packets") {
  const Host host;
  Vm vm;
  // The kernel called the NICs eth0 and eth1 by their slots.
  CHECK(vm.update(1, "eth0").hwaddr() == mac_of(1));
  const types::Interface other = vm.update(0, "eth1");
  CHECK(other.name() == "eth1");
  CHECK(other.mtu() == 1400);
  for (const char* address : {"10.0.0.2", "10.1.0.2", "2001:db8::2", "2001:db8:1::2"})
    run(concat("busybox ping -c 1 -W 5 ", address));
}

TEST_CASE("a guest answers by the routes and neighbours that it was given") {
  const Host host;
  Vm vm;
  vm.update(0, "net1");
  grpc::UpdateRoutesRequest request;
  types::Route& route = *request.mutable_routes()->add_routes();
  route.set_gateway("10.0.0.1");
  route.set_device("net1");
  const auto routes = vm.ask<grpc::Routes>("UpdateRoutes", request);
  CHECK(routes.routes(0).dest() == "0.0.0.0/0");
  grpc::AddARPNeighborsRequest neighbors;
  types::ARPNeighbor& neighbor = *neighbors.mutable_neighbors()->add_arpneighbors();
  neighbor.mutable_toipaddress()->set_address("10.0.0.1");
  neighbor.set_device("net1");
  neighbor.set_lladdr(
      run("ip -o link show tap0 | sed 's/.*ether \\([^ ]*\\).*/\\1/' | tr -d '\\n'"));
  vm.ask<grpc::Empty>("AddARPNeighbors", neighbors);
  // The guest needs its default route for the answer, and asks nobody where the gateway is.
  run("ip addr add 192.168.77.1/32 dev tap0 && ip link set tap0 arp off && "
      "ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:01 dev tap0 nud permanent && "
      "busybox ping -c 1 -W 5 -I 192.168.77.1 10.0.0.2");
}

TEST_CASE("a NIC is found by its PCI path") {
  const Host host;
  Vm vm;
  CHECK(vm.mac_at("1e/02") == mac_of(1));
  CHECK(vm.mac_at("1e/01") == mac_of(0));
  CHECK(vm.mac_at("1e/1f").empty());  // waited for in vain, for a second
}

TEST_CASE("a NIC that is plugged while the guest runs carries packets and can be unplugged") {
  const Host host;
  Vm vm;
  const auto plugged = vm.hypervisor().attach(make_tap(2), steady_clock::now() + kBootTime);
  REQUIRE_MESSAGE(plugged.ok(), plugged.error().message);
  CHECK(plugged.value().guest_address == "1e/03");
  CHECK(vm.mac_at(plugged.value().guest_address) == mac_of(2));
  CHECK(vm.update(2, "late0").hwaddr() == mac_of(2));
  run("busybox ping -c 1 -W 5 10.2.0.2");
  // A late NIC, and one that was there from the start.
  for (const char* id : {"nic2", "nic0"}) {
    const auto unplugged = vm.hypervisor().detach(id, steady_clock::now() + kBootTime);
    REQUIRE_MESSAGE(unplugged.ok(), unplugged.error().message);
  }
  // QEMU has closed the descriptors, and a tap without one goes.
  CHECK(run("ip -o link | grep -c 'tap[0-9]'") == "1\n");
  CHECK(
      vm.ask<grpc::Interfaces>("ListInterfaces", grpc::ListInterfacesRequest()).interfaces_size() ==
      2);
  CHECK(!vm.hypervisor().detach("nic2", steady_clock::now() + kBootTime).ok());
  const auto again = vm.hypervisor().attach(make_tap(3), steady_clock::now() + kBootTime);
  REQUIRE_MESSAGE(again.ok(), again.error().message);
  CHECK(again.value().guest_address == "1e/01");  // a free slot is used again
  CHECK(vm.mac_at("1e/01") == mac_of(3));
}
