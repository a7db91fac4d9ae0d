// SPDX-License-Identifier: Apache-2.0
//
// What the virtual machine got while it runs: processors, memory, swap disks.
#include "agent.pb.h"
#include "agent/container_resources.h"
#include "agent/hotplug.h"
#include "agent/rpc/reply.h"
#include "agent/swap.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr const char* kSysfs = "/sys";
constexpr std::chrono::seconds kCpuTimeout{5};  // as long as Kata waits

asio::awaitable<Result<void>> online(Sandbox& sandbox, grpc::OnlineCPUMemRequest request) {
  if (request.nb_cpus() > 0) {
    const Deadline deadline = std::chrono::steady_clock::now() + kCpuTimeout;
    KATA_CO_CHECK(co_await online_cpus(kSysfs, request.nb_cpus(), deadline), "");
  }
  if (!request.cpu_only()) KATA_CO_CHECK(online_memory(kSysfs), "");
  if (request.nb_cpus() > 0) refresh_cpusets(sandbox.containers());
  co_return Result<void>();
}

asio::awaitable<Result<void>> add_swap(Sandbox& sandbox, grpc::AddSwapRequest request) {
  const std::vector<std::uint32_t> slots(request.pcipath().begin(), request.pcipath().end());
  KATA_CO_TRY(const std::string path, swap_disk_path(slots), "add swap");
  DiskAddress address = PciDisk{path};
  KATA_CO_TRY(const std::string node, co_await sandbox.devices().disk(std::move(address)),
              "add swap: PCIPath");
  co_return swap_on(node);
}

}  // namespace

void register_hotplug_methods(ttrpc::Server& server, Sandbox& sandbox) {
  handle_empty<grpc::OnlineCPUMemRequest>(
      server, "OnlineCPUMem",
      [&sandbox](const grpc::OnlineCPUMemRequest& request) { return online(sandbox, request); });
  handle_now<grpc::MemHotplugByProbeRequest>(
      server, "MemHotplugByProbe", [](const grpc::MemHotplugByProbeRequest& request) {
        const auto& addresses = request.memhotplugprobeaddr();
        return probe_memory(kSysfs, {addresses.begin(), addresses.end()});
      });
  handle_empty<grpc::AddSwapRequest>(
      server, "AddSwap",
      [&sandbox](const grpc::AddSwapRequest& request) { return add_swap(sandbox, request); });
  handle_now<grpc::AddSwapPathRequest>(
      server, "AddSwapPath",
      [](const grpc::AddSwapPathRequest& request) { return swap_on(request.path()); });
}

}  // namespace kata::agent
