// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/spec_devices.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "agent/devices/pci_addresses.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

void add_device(grpc::Spec& spec, const char* path, std::int64_t major, std::int64_t minor) {
  auto& device = *spec.mutable_linux()->add_devices();
  device.set_path(path);
  device.set_type("b");
  device.set_major(major);
  device.set_minor(minor);
  auto& rule = *spec.mutable_linux()->mutable_resources()->add_devices();
  rule.set_type("b");
  rule.set_major(major);
  rule.set_minor(minor);
  rule.set_access("r");
  rule.set_allow(true);
}

GuestDevice disk(const char* path, unsigned major, unsigned minor) {
  return {path, {}, S_IFBLK, makedev(major, minor)};
}

}  // namespace

// The guest's number of the first is the host's number of the second.
TEST_CASE("numbers of the host become the guest's all at once") {
  grpc::Spec spec;
  add_device(spec, "/dev/a", 8, 0);
  add_device(spec, "/dev/b", 254, 16);
  add_device(spec, "/dev/other", 9, 9);
  REQUIRE(put_devices(spec, {disk("/dev/a", 254, 16), disk("/dev/b", 254, 32)}).ok());
  const auto& devices = spec.linux().devices();
  CHECK(devices[0].major() == 254);
  CHECK(devices[0].minor() == 16);
  CHECK(devices[1].minor() == 32);
  CHECK(devices[2].major() == 9);
  const auto& rules = spec.linux().resources().devices();
  REQUIRE(rules.size() == 5);
  CHECK(rules[0].minor() == 16);
  CHECK(rules[0].access() == "r");
  CHECK(rules[1].minor() == 32);
  CHECK(rules[2].major() == 9);
  CHECK(rules[3].access() == "rwm");
  CHECK(rules[3].minor() == 16);
  CHECK(rules[4].minor() == 32);
}

TEST_CASE("a device without an entry changes nothing") {
  grpc::Spec spec;
  add_device(spec, "/dev/a", 8, 0);
  const auto put = put_devices(spec, {disk("/dev/a", 254, 0), disk("/dev/b", 254, 16)});
  REQUIRE_FALSE(put.ok());
  CHECK(put.error().message.find("Missing devices in OCI spec") != std::string::npos);
  CHECK(put.error().message.find("'/dev/b'") != std::string::npos);
  CHECK(spec.linux().devices(0).major() == 8);
}

TEST_CASE("two devices for one path are a conflict") {
  grpc::Spec spec;
  add_device(spec, "/dev/a", 8, 0);
  const auto put = put_devices(spec, {disk("/dev/a", 254, 0), disk("/dev/a", 254, 16)});
  REQUIRE_FALSE(put.ok());
  CHECK(put.error().message.find("Conflicting device updates") != std::string::npos);
}

TEST_CASE("a device may get another path and type") {
  grpc::Spec spec;
  add_device(spec, "/dev/vfio/7", 8, 0);
  GuestDevice device{"/dev/vfio/7", "/dev/vfio/2", S_IFCHR, makedev(245, 0)};
  REQUIRE(put_devices(spec, {device}).ok());
  CHECK(spec.linux().devices(0).path() == "/dev/vfio/2");
  CHECK(spec.linux().devices(0).type() == "c");
  CHECK(spec.linux().resources().devices(0).type() == "c");
}

TEST_CASE("only device nodes can be described") {
  CHECK(describe_node("/dev/x", "/dev/null").value().number == makedev(1, 3));
  CHECK(describe_node("/dev/x", "/").error().code == ErrorCode::kInvalidArgument);
  CHECK(describe_node("/dev/x", "/no/such/node").error().code == ErrorCode::kNotFound);
}

TEST_CASE("PCI addresses in the environment become the guest's") {
  const PciAddresses known{{"0000:3b:00.1", "0000:02:01.0"}};
  struct Row {
    const char *before, *after;
  };
  for (const Row& row : {
           Row{"PCIDEVICE_X=0000:3b:00.1", "PCIDEVICE_X=0000:02:01.0"},
           Row{"PCIDEVICE_X=0000:3b:00.1,0000:3b:00.2", "PCIDEVICE_X=0000:02:01.0,0000:3b:00.2"},
           Row{"PCIDEVICE_X_INFO={\"0000:3b:00.1\":{\"generic\":{\"deviceID\":\"0000:3b:00.1\"}}}",
               "PCIDEVICE_X_INFO={\"0000:02:01.0\":{\"generic\":{\"deviceID\":\"0000:02:01.0\"}}}"},
           Row{"OTHER=0000:3b:00.1", "OTHER=0000:3b:00.1"},
           Row{"PCIDEVICE_X=10000:3b:00.1", "PCIDEVICE_X=10000:3b:00.1"},
           Row{"PCIDEVICE_X", "PCIDEVICE_X"},
           Row{"PCIDEVICE_X=", "PCIDEVICE_X="},
       }) {
    grpc::Process process;
    process.add_env(row.before);
    translate_pci_addresses(process, known);
    CHECK(process.env(0) == row.after);
  }
}

}  // namespace kata::agent
