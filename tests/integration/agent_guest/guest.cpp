// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <signal.h>
#include <stdio.h>

#include <array>

#include "command_line.h"
#include "firmware.h"
#include "kata/unix_socket.h"

using namespace kata;
using namespace kata::qemu;
using std::chrono::steady_clock;

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

Guest::Guest(const std::string& kernel_params) {
  const QemuConfig config;
  VmSpec spec;
  spec.id = "agent-guest";
  spec.kernel_params = kernel_params;
  spec.kernel = std::filesystem::path(KATA_GUEST_DIR) / "vmlinux";
  spec.initrd = std::filesystem::path(KATA_GUEST_DIR) / "initrd.img";
  spec.boot = {1, 256};
  const auto& path = directory_.path();
  const UniqueFd monitor = listen_unix(path / "qmp.sock").take();
  const UniqueFd agent = listen_unix(path / "agent.sock").take();
  Launch launch{.config = config, .spec = spec};
  launch.firmware = choose_firmware(config, launch.accelerator);
  launch.console_log = path / "console.log";
  launch.monitor_socket = monitor.get();
  launch.agent = SerialPort{agent.get()};
  CommandLine line = make_command_line(launch);
  line.argv.insert(line.argv.end(), {"-device", "virtio-scsi-pci,id=scsi"});
  monitor_.emplace(QmpClient::connect(path / "qmp.sock").take());
  SpawnRequest request;
  request.argv = std::move(line.argv);
  request.descriptors = std::move(line.descriptors);
  auto process = vmm::VmmProcess::start(std::move(request), path / "qemu.log");
  REQUIRE_MESSAGE(process.ok(), process.error().message);
  process_.emplace(process.take());
  const auto greeting = monitor_->negotiate(steady_clock::now() + kBootTime);
  REQUIRE_MESSAGE(greeting.ok(), greeting.error().message,
                  run_command(concat("cat ", (path / "qemu.log").string())));
  agent_.emplace(ttrpc::BlockingClient::connect(path / "agent.sock").take());
  grpc::CreateSandboxRequest create;
  create.set_sandbox_id("sandbox");
  ask("CreateSandbox", create);
}

Guest::~Guest() {
  if (!process_) return;
  (void)process_->kill(SIGKILL);
  (void)process_->wait(steady_clock::now() + kBootTime);
}

void Guest::execute(std::string_view command, const std::string& arguments) {
  const auto done = monitor_->execute(command, steady_clock::now() + kBootTime, arguments);
  REQUIRE_MESSAGE(done.ok(), done.error().message);
}

std::string Guest::add_image(const std::string& image) {
  std::string node = concat("disk", ++disks_);
  execute("blockdev-add", concat(R"({"driver":"raw","node-name":")", node,
                                 R"(","file":{"driver":"file","filename":")", image, R"("}})"));
  return node;
}

void Guest::plug_virtio(const std::string& image, int slot) {
  const std::string node = add_image(image);
  execute("device_add",
          concat(R"({"driver":"virtio-blk-pci","disable-legacy":"on","bus":"nics","addr":")", slot,
                 R"(","id":"dev-)", node, R"(","drive":")", node, R"("})"));
}

void Guest::plug_scsi(const std::string& image, int id) {
  const std::string node = add_image(image);
  execute("device_add", concat(R"({"driver":"scsi-hd","bus":"scsi.0","lun":0,"scsi-id":)", id,
                               R"(,"id":"dev-)", node, R"(","drive":")", node, R"("})"));
}

std::string Guest::make_file(const char* name, const std::string& make) const {
  const std::string image = directory_.path() / name;
  run_command(concat("image=", image, "; ", make));
  return image;
}

std::string Guest::make_rootfs_image(const std::string& hello) const {
  return make_file(concat(hello, ".ext4").c_str(),
                   concat("d=$(mktemp -d) && mkdir $d/bin $d/proc $d/dev $d/etc $d/tmp && ",
                          "cp /bin/busybox $d/bin && for a in sh cat date tail sleep; do ",
                          "ln -s busybox $d/bin/$a; done && echo ", hello, " >$d/etc/hello && ",
                          "truncate -s 16M $image && mkfs.ext4 -q -F -d $d $image && rm -r $d"));
}

grpc::CreateContainerRequest Guest::container(const grpc::Storage& root, const std::string& id,
                                              const std::string& script) const {
  grpc::CreateContainerRequest request;
  request.set_container_id(id);
  *request.add_storages() = root;
  grpc::Spec& spec = *request.mutable_oci();
  spec.mutable_root()->set_path(root.mount_point());
  for (const char* word : {"sh", "-c", script.c_str()}) spec.mutable_process()->add_args(word);
  spec.mutable_process()->add_env("PATH=/bin");
  spec.mutable_process()->set_cwd("/");
  for (const char* kind : {"mount", "ipc", "uts"})
    spec.mutable_linux()->add_namespaces()->set_type(kind);
  return request;
}

void Guest::start(const grpc::CreateContainerRequest& request) {
  ask("CreateContainer", request);
  grpc::StartContainerRequest go;
  go.set_container_id(request.container_id());
  ask("StartContainer", go);
}

void Guest::remove(const std::string& id) {
  grpc::RemoveContainerRequest request;
  request.set_container_id(id);
  request.set_timeout(20);
  ask("RemoveContainer", request);
}

std::string Guest::output_of(const grpc::Storage& root, const std::string& script) {
  start(container(root, "c1", script));
  grpc::ReadStreamRequest read;
  read.set_container_id("c1");
  read.set_len(4096);
  std::string output;
  for (grpc::ReadStreamResponse chunk;;) {
    REQUIRE(chunk.ParseFromString(ask("ReadStdout", read)));
    if (chunk.data().empty()) break;
    output += chunk.data();
  }
  remove("c1");
  return output;
}

grpc::Storage disk_storage(const char* driver, const std::string& address) {
  grpc::Storage storage;
  storage.set_driver(driver);
  storage.set_source(address);
  storage.set_fstype("ext4");
  storage.set_mount_point("/run/kata-containers/disk");
  return storage;
}
