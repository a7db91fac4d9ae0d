// SPDX-License-Identifier: Apache-2.0
#include "cloudhv_hypervisor.h"
#include "kata/plugin/export.h"

namespace {

constexpr kata::plugin::ConfigField kConfig[] = {
    {"path", "path", R"("/usr/bin/cloud-hypervisor")",
     "Cloud Hypervisor's program, version 39 or newer."},
    {"disable_seccomp", "boolean", "false", "Run the VMM without its seccomp filters."},
    {"landlock", "boolean", "true",
     "Confine the VMM to the files it is started with; disks cannot be plugged in later then."},
    {"hypervisor_loglevel", "integer", "0", "How much the VMM logs: 0 to 3 times -v."},
    {"rootfs_type", "string", R"("ext4")",
     "File system of a guest image's first partition: ext4, xfs or erofs."},
    {"entropy_source", "path", R"("/dev/urandom")", "Host device behind the guest's virtio-rng."},
    {"disable_nested_virtualization", "boolean", "false", "Offer the guest no virtualization."},
    {"reclaim_guest_freed_memory", "boolean", "false",
     "Give pages back to the host that the guest has freed."},
    {"disk_rate_limiter_bw_max_rate", "integer", "0", "Of each disk, bits a second; 0: no limit."},
    {"disk_rate_limiter_bw_one_time_burst", "integer", "0", "Bits once, beyond the rate."},
    {"disk_rate_limiter_ops_max_rate", "integer", "0",
     "Of each disk, operations a second; 0: no limit."},
    {"disk_rate_limiter_ops_one_time_burst", "integer", "0", "Operations once, beyond the rate."},
    {"net_rate_limiter_bw_max_rate", "integer", "0", "Of each NIC, bits a second; 0: no limit."},
    {"net_rate_limiter_bw_one_time_burst", "integer", "0", "Bits once, beyond the rate."},
    {"net_rate_limiter_ops_max_rate", "integer", "0",
     "Of each NIC, packets a second; 0: no limit."},
    {"net_rate_limiter_ops_one_time_burst", "integer", "0", "Packets once, beyond the rate."},
};

}  // namespace

KATA_PLUGIN(Hypervisor, kata::cloudhv::CloudhvHypervisor, "cloudhv", "0.1.0", "Kata", "Apache-2.0",
            "Runs each sandbox in a Cloud Hypervisor virtual machine", kConfig);
