// SPDX-License-Identifier: Apache-2.0
//
// The real guest in a real QEMU, on its own: the hypervisor plugin's command line and a SCSI bus,
// disks that are plugged through QMP, and the agent on the serial port.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "agent.pb.h"
#include "kata/concat.h"
#include "protocol/ttrpc/blocking_client.h"
#include "qmp_client.h"
#include "tests/temporary_directory.h"
#include "vmm_process.h"

constexpr std::chrono::seconds kBootTime{60};  // far above a boot under TCG on a busy machine

std::string run_command(const std::string& command);  // its output; a failure fails the test

class Guest {
 public:
  explicit Guest(const std::string& kernel_params);
  ~Guest();

  // Plugs the image: a virtio-blk disk into a slot of the bridge "1e", or a SCSI disk.
  void plug_virtio(const std::string& image, int slot);
  void plug_scsi(const std::string& image, int id);

  template <class Request>
  kata::Result<std::string> send(std::string_view method, const Request& request) {
    return agent_->call("grpc.AgentService", method, request.SerializeAsString(),
                        std::chrono::steady_clock::now() + kBootTime);
  }
  template <class Request>
  std::string ask(std::string_view method, const Request& request) {
    auto reply = send(method, request);
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    return reply.take();
  }

  // An ext4 image of a busybox root filesystem with /etc/hello.
  std::string make_rootfs_image(const std::string& hello) const;
  std::string make_file(const char* name, const std::string& make) const;  // `make` uses $image

  // Output of `sh -c script` in a container on the storage.
  std::string output_of(const grpc::Storage& root, const std::string& script);
  grpc::CreateContainerRequest container(const grpc::Storage& root, const std::string& id,
                                         const std::string& script) const;
  void start(const grpc::CreateContainerRequest& request);
  void remove(const std::string& id);

 private:
  void execute(std::string_view command, const std::string& arguments);
  std::string add_image(const std::string& image);

  TemporaryDirectory directory_{};
  std::optional<kata::qemu::QmpClient> monitor_{};
  std::optional<kata::vmm::VmmProcess> process_{};
  std::optional<kata::ttrpc::BlockingClient> agent_{};
  int disks_ = 0;
};

grpc::Storage disk_storage(const char* driver, const std::string& address);
