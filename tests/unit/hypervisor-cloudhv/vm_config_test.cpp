// SPDX-License-Identifier: Apache-2.0
#include "vm_config.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace kata;
using namespace kata::cloudhv;
using nlohmann::json;

namespace {

VmSpec small_spec() {
  VmSpec spec;
  spec.id = "test";
  spec.kernel = "/g/vmlinux";
  spec.initrd = "/g/initrd";
  spec.boot = {2, 256};
  spec.maximum = {4, 256};
  return spec;
}

const VmFiles kFiles{"/s/vsock.sock", "/s/console.log", "/s"};

json created(const CloudhvConfig& config, const VmSpec& spec, const std::vector<Device>& devices) {
  return json::parse(create_body(config, spec, devices, kFiles));
}

}  // namespace

TEST_CASE("the body of vm.create for a small VM") {
  CHECK(created({}, small_spec(), {}) == json::parse(R"({
    "payload": {"kernel": "/g/vmlinux", "initramfs": "/g/initrd", "cmdline":
      "console=ttyS0 quiet panic=-1 no_timer_check noreplace-smp cryptomgr.notests"},
    "cpus": {"boot_vcpus": 2, "max_vcpus": 4, "topology":
      {"threads_per_core": 1, "cores_per_die": 4, "dies_per_package": 1, "packages": 1}},
    "memory": {"size": 268435456, "shared": false, "hugepages": false, "mergeable": false},
    "rng": {"src": "/dev/urandom"},
    "vsock": {"cid": 3, "socket": "/s/vsock.sock"},
    "serial": {"mode": "File", "file": "/s/console.log"},
    "console": {"mode": "Off"},
    "landlock_enable": true,
    "landlock_rules": [{"path": "/s", "access": "rw"}]})"));
}

TEST_CASE("a guest image is the first disk and read-only and of a stated format") {
  VmSpec spec = small_spec();
  spec.initrd.clear();
  spec.image = "/g/image";
  spec.kernel_params = "root=/dev/vdb";
  const std::vector<Device> devices = [] {
    std::vector<Device> made;
    made.emplace_back(BlockDevice{"data", "/d", false});
    return made;
  }();
  const json vm = created({}, spec, devices);
  CHECK(vm["disks"][0] == json::parse(R"({"id": "guest-image", "path": "/g/image", "readonly": true,
    "direct": false, "vhost_user": false, "image_type": "Raw", "num_queues": 2,
    "queue_size": 1024})"));
  CHECK(vm["disks"][1]["path"] == "/d");
  CHECK(vm["disks"][1]["image_type"] == "Raw");
  CHECK(vm["payload"]["cmdline"] ==
        "console=ttyS0 quiet panic=-1 no_timer_check noreplace-smp cryptomgr.notests "
        "root=/dev/vda1 ro rootfstype=ext4 rootflags=data=ordered,errors=remount-ro "
        "root=/dev/vdb");
  CHECK_FALSE(vm["payload"].contains("initramfs"));
}

TEST_CASE("virtiofs shares memory and has a PCI segment of its own") {
  VmSpec spec = small_spec();
  spec.shared_memory = true;
  std::vector<Device> devices;
  devices.emplace_back(VhostUserFs{"kata-shared", "/s/fs.sock", "kataShared", 512});
  devices.emplace_back(HostPciDevice{"gpu", "0000:3b:00.0"});
  const json vm = created({}, spec, devices);
  CHECK(vm["memory"]["shared"] == true);
  CHECK(vm["platform"] == json{{"num_pci_segments", 2}});
  CHECK(vm["fs"] == json::parse(R"([{"id": "kata-shared", "tag": "kataShared", "socket":
    "/s/fs.sock", "num_queues": 1, "queue_size": 512, "pci_segment": 1}])"));
  CHECK(vm["devices"] ==
        json::parse(R"([{"id": "gpu", "path": "/sys/bus/pci/devices/0000:3b:00.0/"}])"));
}

TEST_CASE("the kind of memory is what the spec asks for") {
  VmSpec spec = small_spec();
  spec.mergeable_memory = true;
  CHECK(created({}, spec, {})["memory"]["mergeable"] == true);
  CHECK(created({}, spec, {})["memory"]["shared"] == false);
  spec.mergeable_memory = false;
  spec.hugepages = true;
  CHECK(created({}, spec, {})["memory"]["shared"] == true);
  CHECK(created({}, spec, {})["memory"]["hugepages"] == true);
}

TEST_CASE("room for more memory is in blocks and for more CPUs at most 255") {
  VmSpec spec = small_spec();
  spec.maximum = {1000, 256 + 300};
  const json vm = created({}, spec, {});
  CHECK(vm["memory"]["hotplug_size"] == (256U + 128U) << 20);  // one block to spare
  CHECK(most_memory_bytes(spec) == 512U << 20);
  CHECK(vm["cpus"]["max_vcpus"] == 255);
  spec.maximum = {1, 300};
  const json less = created({}, spec, {});
  CHECK_FALSE(less["memory"].contains("hotplug_size"));
  CHECK(most_memory_bytes(spec) == 256U << 20);
  CHECK(less["cpus"]["max_vcpus"] == 2);
}

TEST_CASE("what the operator turns on or off is in the body") {
  CloudhvConfig config;
  config.landlock = false;
  config.reclaim_guest_freed_memory = true;
  config.disable_nested_virtualization = true;
  const json vm = created(config, small_spec(), {});
  CHECK_FALSE(vm.contains("landlock_enable"));
  CHECK_FALSE(vm.contains("landlock_rules"));
  CHECK(vm["balloon"] == json::parse(R"({"size": 0, "free_page_reporting": true})"));
  CHECK(vm["cpus"]["nested"] == false);
}

TEST_CASE("a rate in bits is a bucket of bytes that fills each second") {
  CloudhvConfig config;
  config.disk = {8000, 0, 50, 10};
  config.net = {1, 16, 0, 99};
  const json disk = json::parse(disk_body(config, {"d", "/d", true}, 3));
  CHECK(disk["rate_limiter_config"] == json::parse(R"({
    "bandwidth": {"size": 1000, "refill_time": 1000},
    "ops": {"size": 50, "one_time_burst": 10, "refill_time": 1000}})"));
  CHECK(disk["num_queues"] == 3);
  TapDevice tap{"eth0", "tap0", "02:00:00:00:00:01", {}};
  tap.queues.resize(2);
  const json net = json::parse(net_body(config, tap));
  CHECK(net["rate_limiter_config"] ==
        json::parse(R"({"bandwidth": {"size": 1, "one_time_burst": 2, "refill_time": 1000}})"));
  CHECK(net["num_queues"] == 4);
  CHECK(net["mac"] == "02:00:00:00:00:01");
  CHECK_FALSE(json::parse(net_body({}, tap)).contains("rate_limiter_config"));
}

TEST_CASE("a resize names what changes and nothing else") {
  CHECK(json::parse(resize_body(3, 0)) == json{{"desired_vcpus", 3}});
  CHECK(json::parse(resize_body(0, 1U << 30)) == json{{"desired_ram", 1U << 30}});
  CHECK(json::parse(resize_body(0, 0)) == json::object());
}

TEST_CASE("a directory goes into the body as it is") {
  CHECK(json::parse(directory_body("source_url", "/a b\"%20")) ==
        json{{"source_url", "file:///a b\"%20"}});
  CHECK(json::parse(remove_body("eth0")) == json{{"id", "eth0"}});
}
