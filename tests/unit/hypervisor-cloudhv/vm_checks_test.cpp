// SPDX-License-Identifier: Apache-2.0
#include "vm_checks.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::cloudhv;

namespace {

struct Files : TemporaryDirectory {
  Files() {
    config.path = "/bin/true";
    for (const char* name : {"vmlinux", "initrd", "image"}) std::ofstream(path() / name) << name;
    spec.id = "test";
    spec.kernel = path() / "vmlinux";
    spec.initrd = path() / "initrd";
    spec.boot = {1, 128};
  }
  std::string refusal() const {
    const auto checked = check_spec(config, spec);
    return checked.ok() ? "" : checked.error().message;
  }

  CloudhvConfig config{};
  VmSpec spec{};
};

std::string refusal_of(Device device, std::uint32_t vcpus = 1) {
  std::vector<Device> devices;
  devices.push_back(std::move(device));
  const auto checked = check_devices(devices, true, vcpus);
  return checked.ok() ? "" : checked.error().message;
}

TapDevice tap_of(std::size_t queues) {
  TapDevice tap{"eth0", "tap0", "02:00:00:00:00:01", {}};
  tap.queues.resize(queues);
  return tap;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an initrd or an image is enough and each is checked by its key") {
  Files files;
  CHECK(files.refusal() == "");
  files.spec.initrd.clear();
  CHECK(holds(files.refusal(), "hypervisor.cloudhv.initrd"));
  files.spec.image = files.path() / "image";
  CHECK(files.refusal() == "");
  files.spec.image = "/nonexistent";
  CHECK(holds(files.refusal(), "hypervisor.cloudhv.image"));
  files.spec.initrd = files.path() / "initrd";
  CHECK(holds(files.refusal(), "not both"));
}

TEST_CASE("a bad spec is refused by its key") {
  const auto refuse = [](auto change, std::string_view expected) {
    Files files;
    change(files);
    CHECK_MESSAGE(holds(files.refusal(), expected), files.refusal());
  };
  refuse([](Files& f) { f.config.path = "/nonexistent"; },
         "install cloud-hypervisor or correct hypervisor.cloudhv.path");
  refuse([](Files& f) { f.spec.kernel = "/nonexistent"; }, "hypervisor.cloudhv.kernel");
  refuse([](Files& f) { f.spec.boot.vcpus = 256; }, "default_vcpus = 256 is not from 1 to 255");
  refuse([](Files& f) { f.spec.mergeable_memory = f.spec.shared_memory = true; }, "mergeable");
  refuse([](Files& f) { f.spec.kernel_params.assign(2000, 'x'); },
         "hypervisor.cloudhv.kernel_params");
}

TEST_CASE("devices that the VMM cannot carry are refused by name") {
  CHECK(holds(refusal_of(Plan9Share{"p9", "/x", "tag"}), "no 9p server"));
  CHECK(holds(refusal_of(tap_of(2)), "2 queues for 1 vCPUs"));
  CHECK(refusal_of(tap_of(2), 2) == "");
  CHECK(holds(refusal_of(BlockDevice{"guest-image", "/dev/null"}), "neither a file nor"));
  CHECK(holds(refusal_of(HostPciDevice{"gpu", "../../etc"}), "not of the form"));
  CHECK(refusal_of(HostPciDevice{"gpu", "0000:3b:00.0"}) == "");
}
