// SPDX-License-Identifier: Apache-2.0
//
// Files, mounts, numbers and hardware of the guest through the agent's service.
#include <sched.h>
#include <sys/statvfs.h>
#include <time.h>

#include <fstream>
#include <thread>

#include "agent_process.h"

using namespace kata;

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

ErrorCode code_of(AgentConnection& agent, std::string_view method, const auto& request,
                  std::string_view words) {
  const auto refused = agent.send(method, request);
  REQUIRE_FALSE(refused.ok());
  CHECK_MESSAGE(refused.error().message.find(words) != std::string::npos, refused.error().message);
  return refused.error().code;
}

}  // namespace

TEST_CASE("a file arrives in chunks and appears when it is whole") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto path = agent.run_dir() / "shared/containers/pod/file";
  grpc::CopyFileRequest copy;
  copy.set_path(path);
  copy.set_file_size(8);
  copy.set_file_mode(0100640);
  copy.set_dir_mode(0750);
  copy.set_uid(1000);
  copy.set_gid(1001);
  copy.set_data("half");
  REQUIRE(connection.send("CopyFile", copy).ok());
  CHECK_FALSE(std::filesystem::exists(path));
  copy.set_offset(4);
  REQUIRE(connection.send("CopyFile", copy).ok());
  CHECK(text_of(path) == "halfhalf");
  std::filesystem::remove_all(agent.run_dir() / "shared");
}

TEST_CASE("a copy outside the shared tree is refused") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  grpc::CopyFileRequest copy;
  copy.set_file_mode(0100644);
  const std::string share = agent.run_dir() / "shared";
  for (const std::string& path :
       {std::string("/tmp/foo"), share + "/foo", share + "/containers/../foo", std::string(),
        std::string("foo")}) {
    CAPTURE(path);
    copy.set_path(path);
    CHECK(code_of(connection, "CopyFile", copy, "path") == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("a memory filesystem grows and another driver is refused") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto mount = agent.run_dir() / "sandbox/ephemeral/cache";
  grpc::UpdateEphemeralMountsRequest update;
  grpc::Storage& storage = *update.add_storages();
  storage.set_driver("ephemeral");
  storage.set_fstype("tmpfs");
  storage.set_source("tmpfs");
  storage.set_mount_point(mount);
  storage.add_options("size=1M");
  REQUIRE(connection.send("UpdateEphemeralMounts", update).ok());
  const auto size = [&] {
    struct statvfs found {};
    REQUIRE(::statvfs(mount.c_str(), &found) == 0);
    return found.f_blocks * found.f_frsize;
  };
  CHECK(size() == 1 << 20);
  storage.set_options(0, "size=2M");
  REQUIRE(connection.send("UpdateEphemeralMounts", update).ok());
  CHECK(size() == 1 << 20);  // without the word it stays
  storage.add_options("remount");
  for (int time = 0; time < 2; ++time)
    REQUIRE(connection.send("UpdateEphemeralMounts", update).ok());
  CHECK(size() == 2 << 20);
  storage.set_driver("virtio-fs");
  CHECK(code_of(connection, "UpdateEphemeralMounts", update, "Unsupported storage type") ==
        ErrorCode::kInvalidArgument);
  REQUIRE(connection.send("DestroySandbox", grpc::DestroySandboxRequest()).ok());
  std::filesystem::remove_all(agent.run_dir() / "sandbox");
  std::filesystem::remove(agent.run_dir());
}

TEST_CASE("metrics count their scrapes and hold the families that dashboards know") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  for (int time = 1; time <= 2; ++time) {
    const auto reply = connection.call<grpc::Metrics>("GetMetrics", grpc::GetMetricsRequest());
    REQUIRE(reply.ok());
    const std::string& text = reply.value().metrics();
    CHECK(text.find("kata_agent_scrape_count " + std::to_string(time) + "\n") != std::string::npos);
    for (const char* sample :
         {"kata_agent_threads 1\n", "kata_guest_meminfo{item=\"mem_total\"} ",
          "kata_guest_cpu_time{cpu=\"total\",item=\"user\"} ", "kata_guest_load{item=\"load1\"} ",
          "kata_agent_proc_status{item=\"vmrss\"} ", "kata_agent_io_stat{item=\"rchar\"} ",
          "kata_guest_netdev_stat{interface=\"lo\",item=\"recv_bytes\"} "})
      CHECK_MESSAGE(text.find(sample) != std::string::npos, sample);
  }
}

TEST_CASE("volume stats are those of the filesystem and a missing path is named") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  grpc::VolumeStatsRequest request;
  request.set_volume_guest_path("/proc/..");
  CHECK(code_of(connection, "GetVolumeStats", request, "volume_guest_path") ==
        ErrorCode::kInvalidArgument);
  request.set_volume_guest_path("/no/such/path");
  CHECK(code_of(connection, "GetVolumeStats", request, "/no/such/path") == ErrorCode::kInternal);
  request.set_volume_guest_path("/");
  const auto reply = connection.call<grpc::VolumeStatsResponse>("GetVolumeStats", request);
  REQUIRE(reply.ok());
  REQUIRE(reply.value().usage_size() == 2);
  CHECK(reply.value().usage(0).unit() == grpc::VolumeUsage::BYTES);
  CHECK(reply.value().usage(0).total() >= reply.value().usage(0).used());
  CHECK(reply.value().usage(1).unit() == grpc::VolumeUsage::INODES);
  CHECK_FALSE(reply.value().volume_condition().abnormal());
}

TEST_CASE("the last words of a container come from its termination log") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto log = agent.rootfs() / "tmp/last-words";
  std::ofstream(log) << std::string(5000, 'x');
  auto create = agent.container("c1", {"true"});
  auto& mount = *create.mutable_oci()->add_mounts();
  mount.set_destination("/tmp/log");
  mount.set_type("bind");
  mount.set_source(log);
  mount.add_options("bind");
  (*create.mutable_oci()->mutable_annotations())["io.kubernetes.container.terminationMessagePath"] =
      "/tmp/log";
  agent.run(connection, create);
  grpc::GetDiagnosticDataRequest request;
  request.set_container_id("c1");
  CHECK(code_of(connection, "GetDiagnosticData", request, "log_type") ==
        ErrorCode::kInvalidArgument);
  request.set_log_type("termination_log");
  const auto words = connection.call<grpc::GetDiagnosticDataResponse>("GetDiagnosticData", request);
  REQUIRE(words.ok());
  CHECK(words.value().data() == std::string(4096, 'x'));
  std::filesystem::remove(log);
  const auto none = connection.call<grpc::GetDiagnosticDataResponse>("GetDiagnosticData", request);
  REQUIRE(none.ok());
  CHECK(none.value().data().empty());
  std::filesystem::create_symlink("/etc/passwd", log);
  CHECK_FALSE(connection.send("GetDiagnosticData", request).ok());
  request.set_container_id("none");
  CHECK(code_of(connection, "GetDiagnosticData", request, "invalid container id") ==
        ErrorCode::kInvalidArgument);
  remove_container(connection, "c1");
}

TEST_CASE("stale mounts are looked for without complaint as often as one likes") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  for (int time = 0; time < 2; ++time)
    CHECK(connection
              .send("RemoveStaleVirtiofsShareMounts", grpc::RemoveStaleVirtiofsShareMountsRequest())
              .ok());
}

TEST_CASE("what this agent is built without answers so and says why") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  CHECK(code_of(connection, "ResizeVolume", grpc::ResizeVolumeRequest(), "not implemented") ==
        ErrorCode::kUnsupported);
  CHECK(code_of(connection, "SetPolicy", grpc::SetPolicyRequest(), "policy engine") ==
        ErrorCode::kUnsupported);
  CHECK(code_of(connection, "MemAgentMemcgSet", grpc::MemAgentMemcgConfig(), "memory agent") ==
        ErrorCode::kUnsupported);
  CHECK(code_of(connection, "MemAgentCompactSet", grpc::MemAgentCompactConfig(), "memory agent") ==
        ErrorCode::kUnsupported);
}

TEST_CASE("processors that are online already need no waiting") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  grpc::OnlineCPUMemRequest request;
  request.set_nb_cpus(1);
  request.set_cpu_only(true);
  for (int time = 0; time < 2; ++time) CHECK(connection.send("OnlineCPUMem", request).ok());
  request.set_nb_cpus(100000);
  CHECK(code_of(connection, "OnlineCPUMem", request, "failed to online 100000 CPU(s)") ==
        ErrorCode::kTimeout);
}

TEST_CASE("swap is refused on what is no disk") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  grpc::AddSwapPathRequest path;
  path.set_path("/dev/null");
  CHECK(code_of(connection, "AddSwapPath", path, "neither a disk") == ErrorCode::kInvalidArgument);
  path.set_path("relative");
  CHECK(code_of(connection, "AddSwapPath", path, "path") == ErrorCode::kInvalidArgument);
  path.set_path("/no/such/disk");
  CHECK(code_of(connection, "AddSwapPath", path, "/no/such/disk") == ErrorCode::kNotFound);
  grpc::AddSwapRequest pci;
  CHECK(code_of(connection, "AddSwap", pci, "PCIPath") == ErrorCode::kInvalidArgument);
  pci.add_pcipath(32);
  CHECK(code_of(connection, "AddSwap", pci, "slot 32") == ErrorCode::kInvalidArgument);
  pci.set_pcipath(0, 31);
  CHECK(code_of(connection, "AddSwap", pci, "PCI path '1f' does not appear") ==
        ErrorCode::kTimeout);
}

TEST_CASE("a seed is taken as often as it comes and no seed is refused") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  grpc::ReseedRandomDevRequest request;
  CHECK(code_of(connection, "ReseedRandomDev", request, "no seed") == ErrorCode::kInvalidArgument);
  request.set_data("not very random");
  for (int time = 0; time < 2; ++time) {
    const auto done = connection.send("ReseedRandomDev", request);
    CHECK_MESSAGE(done.ok(), done.error().message);
  }
}

// Setting it is for a guest of its own: see tests/integration/agent_guest.
TEST_CASE("a time that is none is refused and leaves the clock") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  grpc::SetGuestDateTimeRequest request;
  request.set_sec(1'000'000'000);
  request.set_usec(1'000'000);
  CHECK(code_of(connection, "SetGuestDateTime", request, "set the clock") == ErrorCode::kInternal);
  CHECK(::time(nullptr) > 1'700'000'000);
}

TEST_CASE("what a machine without a probe file says of new memory") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  grpc::MemHotplugByProbeRequest request;
  request.add_memhotplugprobeaddr(0x100000000);
  CHECK(code_of(connection, "MemHotplugByProbe", request, "ACPI") == ErrorCode::kUnsupported);
}

TEST_CASE("packet filter rules are set and read back and bad ones are refused") {
  std::thread([] {
    REQUIRE(::unshare(CLONE_NEWNET) == 0);  // of this thread: the agent is its child
    AgentProcess agent;
    AgentConnection connection = agent.connect();
    grpc::SetIPTablesRequest rules;
    rules.set_data("*filter\n-A INPUT -p tcp --dport 4711 -j DROP\nCOMMIT\n");
    for (int time = 0; time < 2; ++time) {
      const auto set = connection.send("SetIPTables", rules);
      REQUIRE_MESSAGE(set.ok(), set.error().message);
    }
    const auto got =
        connection.call<grpc::GetIPTablesResponse>("GetIPTables", grpc::GetIPTablesRequest());
    REQUIRE_MESSAGE(got.ok(), got.error().message);
    CHECK(got.value().data().find("--dport 4711 -j DROP") != std::string::npos);
    rules.set_data("no rules\n");
    CHECK(code_of(connection, "SetIPTables", rules, "exit code") == ErrorCode::kInternal);
  }).join();
}
