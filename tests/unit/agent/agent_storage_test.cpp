// SPDX-License-Identifier: Apache-2.0
//
// Disks, overlays, watched and shared mounts through the agent's service, on loop devices of this
// machine. What needs a machine of its own is in tests/integration/agent_guest.
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <future>
#include <thread>

#include "agent_process.h"
#include "kata/concat.h"

using namespace kata;

namespace {

std::string run_command(const std::string& command) {
  FILE* const pipe = ::popen(concat("exec 2>&1; ", command).c_str(), "re");
  REQUIRE(pipe != nullptr);
  std::string output;
  std::array<char, 4096> buffer;
  for (std::size_t got = 0; (got = ::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), got);
  REQUIRE_MESSAGE(::pclose(pipe) == 0, command, ": ", output);
  return output;
}

// `make` writes the image, whose path is in $image.
struct LoopDisk {
  TemporaryDirectory directory{};
  std::string node{};

  explicit LoopDisk(const std::string& make) {
    const std::string image = directory.path() / "disk";
    run_command(concat("image=", image, "; ", make));
    node = run_command(concat("losetup -f --show ", image));
    node.pop_back();
  }
  ~LoopDisk() { run_command(concat("losetup -d ", node)); }
};

std::string ext4_of(const std::filesystem::path& tree) {
  return concat("truncate -s 16M $image && mkfs.ext4 -q -F -d ", tree, " $image");
}

grpc::Storage& add_storage(grpc::CreateContainerRequest& request, const char* driver,
                           const std::string& source, const char* fstype,
                           const std::string& mount_point) {
  auto& storage = *request.add_storages();
  storage.set_driver(driver);
  storage.set_source(source);
  storage.set_fstype(fstype);
  storage.set_mount_point(mount_point);
  return storage;
}

void add_bind(grpc::CreateContainerRequest& request, const std::string& source,
              const std::string& destination) {
  auto& mount = *request.mutable_oci()->add_mounts();
  mount.set_destination(destination);
  mount.set_source(source);
  mount.set_type("bind");
  mount.add_options("bind");
}

std::string output_of(const AgentProcess& agent, AgentConnection& connection,
                      const grpc::CreateContainerRequest& request) {
  agent.run(connection, request);
  std::string output = read_all(connection, request.container_id(), "");
  output += read_all(connection, request.container_id(), "", "ReadStderr");
  remove_container(connection, request.container_id());
  return output;
}

void write(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("a root filesystem may be a disk of its own") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  write(agent.rootfs() / "etc/hello", "from the disk\n");
  const std::array<std::pair<const char*, std::string>, 2> filesystems{
      std::pair("ext4", ext4_of(agent.rootfs())),
      std::pair("erofs", concat("mkfs.erofs $image ", agent.rootfs()))};
  for (const auto& [fstype, make] : filesystems) {
    CAPTURE(fstype);
    const LoopDisk disk(make);
    auto request = agent.container("c1", {"cat", "/etc/hello"});
    const std::string root = agent.run_dir() / "disk";
    add_storage(request, "blk", disk.node, fstype, root).add_options("ro");
    request.mutable_oci()->mutable_root()->set_path(root);
    CHECK(output_of(agent, connection, request) == "from the disk\n");
    CHECK_FALSE(std::filesystem::exists(root));
  }
}

TEST_CASE("an xfs volume is written by its group") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const LoopDisk disk("truncate -s 320M $image && mkfs.xfs -q $image");
  const std::string volume = agent.run_dir() / "volume";
  for (const char* script : {"echo kept >/data/file; echo", "cat /data/file"}) {
    auto request = agent.container("c1", {"sh", "-c", script});
    auto& storage = add_storage(request, "blk", disk.node, "xfs", volume);
    storage.add_options("nouuid");
    storage.mutable_fs_group()->set_group_id(700);
    add_bind(request, volume, "/data");
    agent.run(connection, request);
    struct stat found {};
    REQUIRE(::stat(volume.c_str(), &found) == 0);
    CHECK(found.st_gid == 700);
    CHECK((found.st_mode & 02070) == 02070);
    CHECK(read_all(connection, "c1", "") == (*script == 'c' ? "kept\n" : "\n"));
    remove_container(connection, "c1");
  }
}

TEST_CASE("a disk that the host names gets the guest's numbers in the container") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const LoopDisk disk("truncate -s 1M $image");
  auto request = agent.container("c1", {"sh", "-c", "wc -c </dev/xvda"});
  auto& device = *request.add_devices();
  device.set_type("blk");
  device.set_vm_path(disk.node);
  device.set_container_path("/dev/xvda");
  const auto refused = connection.send("CreateContainer", request);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("Missing devices in OCI spec") != std::string::npos);
  auto& entry = *request.mutable_oci()->mutable_linux()->add_devices();
  entry.set_path("/dev/xvda");
  entry.set_type("b");
  entry.set_major(8);
  entry.set_filemode(0600);
  CHECK(output_of(agent, connection, request) == "1048576\n");
}

TEST_CASE("an overlay hides its lower layer from the container's writes") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const TemporaryDirectory layers;
  write(layers.path() / "lower/file", "lower\n");
  // Longer than what one option of the new mount calls may have.
  const auto other = layers.path() / std::string(120, 'x') / std::string(120, 'y');
  write(other / "other", "other\n");
  const std::string target = agent.run_dir() / "overlay";
  auto request =
      agent.container("c1", {"sh", "-c", "echo upper >/data/file; cat /data/file /data/other"});
  auto& storage = add_storage(request, "overlayfs", "overlay", "overlay", target);
  storage.add_options(concat("lowerdir=", (layers.path() / "lower").string(), ":", other.string()));
  storage.add_options("io.katacontainers.fs-opt.overlay-rw");
  storage.add_driver_options(concat("io.katacontainers.volume.overlayfs.create_directory=",
                                    (layers.path() / "made/for/it").string()));
  add_bind(request, target, "/data");
  CHECK(output_of(agent, connection, request) == "upper\nother\n");
  std::ifstream lower(layers.path() / "lower/file");
  CHECK(std::string(std::istreambuf_iterator<char>(lower), {}) == "lower\n");
  CHECK(std::filesystem::is_directory(layers.path() / "made/for/it"));
  CHECK(std::filesystem::is_empty(agent.run_dir()));  // the upper layer is gone
}

TEST_CASE("a ConfigMap's new version appears as a whole") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto share = agent.run_dir() / "shared/containers";
  const auto source = share / "c1-config";
  // As the kubelet publishes one.
  const auto publish = [&](const std::string& version) {
    write(source / (".." + version) / "key", version + "\n");
    std::filesystem::create_symlink(".." + version, source / "..data_tmp");
    std::filesystem::rename(source / "..data_tmp", source / "..data");
  };
  publish("v1");
  std::filesystem::create_symlink("..data/key", source / "key");
  auto request = agent.container("c1", {"sleep", "1000"});
  add_storage(request, "watchable-bind", source, "bind", share / "watchable/c1-config");
  add_bind(request, share / "watchable/c1-config", "/config");
  agent.run(connection, request);
  int number = 0;
  const auto key = [&] {
    const std::string id = std::to_string(++number);
    REQUIRE(connection.send("ExecProcess", exec_request("c1", id, {"cat", "/config/key"})).ok());
    const std::string text = read_all(connection, "c1", id);
    CHECK(wait_for(connection, "c1", id) == 0);  // at no time is the key missing
    return text;
  };
  CHECK(key() == "v1\n");
  publish("v2");
  std::filesystem::remove_all(source / "..v1");
  const Deadline deadline = in_seconds(20);
  std::string now = key();
  while (now == "v1\n" && std::chrono::steady_clock::now() < deadline) now = key();
  CHECK(now == "v2\n");
  remove_container(connection, "c1");
  REQUIRE(connection.send("DestroySandbox", grpc::DestroySandboxRequest()).ok());
  std::filesystem::remove_all(agent.run_dir());
}

TEST_CASE("a mount of one container is shared with another") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  auto first = agent.container("c1", {"sh", "-c", "echo given >/tmp/s/file; echo; sleep 1000"});
  (*first.mutable_oci()->mutable_annotations())["io.kubernetes.cri.container-name"] = "giver";
  auto& mount = *first.mutable_oci()->add_mounts();
  mount.set_destination("/tmp/s");
  mount.set_source("tmpfs");
  mount.set_type("tmpfs");
  agent.run(connection, first);
  grpc::ReadStreamRequest read;
  read.set_container_id("c1");
  read.set_len(1);
  REQUIRE(connection.send("ReadStdout", read).ok());  // the file is there
  auto second = agent.container("c2", {"cat", "/tmp/got/it/file"});
  auto& shared = *second.add_shared_mounts();
  shared.set_name("s");
  shared.set_src_ctr("giver");
  shared.set_src_path("/tmp/s");
  shared.set_dst_ctr("taker");
  shared.set_dst_path("relative");
  const auto refused = connection.send("CreateContainer", second);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("dst_path") != std::string::npos);
  shared.set_dst_path("/tmp/got/it");
  CHECK(output_of(agent, connection, second) == "given\n");
  remove_container(connection, "c1");
}

TEST_CASE("who waits for a disk delays nobody and holds the id") {
  const TemporaryDirectory directory;
  write(directory.path() / "agent.toml", "hotplug_timeout = { secs = 1, nanos = 0 }\n");
  AgentProcess agent({"--config", directory.path() / "agent.toml"});
  AgentConnection connection = agent.connect();
  auto request = agent.container("c1", {"true"});
  add_storage(request, "scsi", "99:7", "ext4", agent.run_dir() / "disk");
  auto waiting = std::async(std::launch::async, [&] {
    AgentConnection other = agent.connect();
    return other.send("CreateContainer", request);
  });
  // The one that comes second is refused at once; which one that is does not matter.
  const auto second = connection.send("CreateContainer", request);
  CHECK(connection.send("GetGuestDetails", grpc::GuestDetailsRequest()).ok());
  const auto first = waiting.get();
  REQUIRE_FALSE(first.ok());
  REQUIRE_FALSE(second.ok());
  const Error& timeout = first.error().code == ErrorCode::kTimeout ? first.error() : second.error();
  const Error& refused = first.error().code == ErrorCode::kTimeout ? second.error() : first.error();
  CHECK(timeout.message.find("SCSI address '99:7' does not appear within 1 s") !=
        std::string::npos);
  CHECK(refused.code == ErrorCode::kAlreadyExists);
  request.clear_storages();
  CHECK(output_of(agent, connection, request).empty());  // the id is free again
}

TEST_CASE("what the agent handles is told by name") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto reply =
      connection.call<grpc::GuestDetailsResponse>("GetGuestDetails", grpc::GuestDetailsRequest());
  REQUIRE(reply.ok());
  const auto& details = reply.value().agent_details();
  const auto has = [](const auto& names, const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const char* driver : {"blk", "mmioblk", "scsi", "nvdimm", "overlayfs", "watchable-bind"})
    CHECK(has(details.storage_handlers(), driver));
  for (const char* type : {"blk", "mmioblk", "scsi", "nvdimm", "vfio-pci", "vfio-pci-gk"})
    CHECK(has(details.device_handlers(), type));
}
