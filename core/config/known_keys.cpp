// SPDX-License-Identifier: Apache-2.0
#include "core/config/known_keys.h"

#include <algorithm>
#include <array>

namespace kata::config {

namespace {

using Keys = std::span<const std::string_view>;

constexpr std::string_view kComposition[] = {"kernel",
                                             "initrd",
                                             "image",
                                             "kernel_params",
                                             "guest_hook_path",
                                             "default_vcpus",
                                             "default_maxvcpus",
                                             "default_memory",
                                             "default_maxmemory",
                                             "overhead_vcpus",
                                             "overhead_memory",
                                             "enable_hugepages",
                                             "enable_debug",
                                             "shared_fs",
                                             "enable_annotations",
                                             "valid_hypervisor_paths",
                                             "valid_virtio_fs_daemon_paths",
                                             "valid_entropy_sources"};

// Both spellings where Kata's Go and Rust runtimes differ, and the keys of 1.x. A key that a plugin
// implements does not belong here: it reaches the plugin.
constexpr std::string_view kHypervisor[] = {"ctlpath",
                                            "valid_ctlpaths",
                                            "jailer_path",
                                            "valid_jailer_paths",
                                            "rootfs_type",
                                            "vm_rootfs_driver",
                                            "kernel_verity_params",
                                            "guest_extension_images",
                                            "firmware_volume",
                                            "pflashes",
                                            "rootless",
                                            "disable_selinux",
                                            "disable_guest_selinux",
                                            "default_bridges",
                                            "memory_slots",
                                            "memory_offset",
                                            "enable_virtio_mem",
                                            "enable_mem_prealloc",
                                            "hugepage_type",
                                            "reclaim_guest_freed_memory",
                                            "enable_numa",
                                            "numa_mapping",
                                            "enable_guest_swap",
                                            "guest_swap_path",
                                            "guest_swap_size_percent",
                                            "guest_swap_create_threshold_secs",
                                            "disable_block_device_use",
                                            "virtio_fs_cache_size",
                                            "virtio_fs_is_dax",
                                            "block_device_driver",
                                            "block_device_aio",
                                            "block_device_cache_set",
                                            "block_device_cache_direct",
                                            "block_device_cache_noflush",
                                            "block_device_logical_sector_size",
                                            "block_device_physical_sector_size",
                                            "queue_size",
                                            "num_queues",
                                            "enable_iothreads",
                                            "indep_iothreads",
                                            "disk_rate_limiter_bw_max_rate",
                                            "disk_rate_limiter_bw_one_time_burst",
                                            "disk_rate_limiter_ops_max_rate",
                                            "disk_rate_limiter_ops_one_time_burst",
                                            "net_rate_limiter_bw_max_rate",
                                            "net_rate_limiter_bw_one_time_burst",
                                            "net_rate_limiter_ops_max_rate",
                                            "net_rate_limiter_ops_one_time_burst",
                                            "network_queues",
                                            "enable_vhost_user_store",
                                            "vhost_user_store_path",
                                            "valid_vhost_user_store_paths",
                                            "vhost_user_reconnect_timeout_sec",
                                            "enable_iommu",
                                            "enable_iommu_platform",
                                            "hot_plug_vfio",
                                            "cold_plug_vfio",
                                            "pcie_root_port",
                                            "pcie_switch_port",
                                            "disable_nesting_checks",
                                            "disable_nested_virtualization",
                                            "disable_image_nvdimm",
                                            "use_legacy_serial",
                                            "extra_monitor_socket",
                                            "hypervisor_loglevel",
                                            "guest_memory_dump_path",
                                            "guest_memory_dump_paging",
                                            "confidential_guest",
                                            "sev_snp_guest",
                                            "snp_id_block",
                                            "snp_id_auth",
                                            "snp_guest_policy",
                                            "measurement_algo",
                                            "tdx_quote_generation_service_socket_port",
                                            "initdata",
                                            "remote_hypervisor_socket",
                                            "remote_hypervisor_timeout",
                                            "prefetch_list_path",
                                            "default_gpus",
                                            "default_gpu_model",
                                            "factory.enable_template",
                                            "factory.template_path",
                                            "use_vsock",
                                            "file_mem_backend",
                                            "valid_file_mem_backends",
                                            "enable_swap",
                                            "hotplug_vfio_on_root_bus",
                                            "disable_seccomp"};

constexpr std::string_view kAgent[] = {"enable_tracing",
                                       "dial_timeout_ms",
                                       "reconnect_timeout_ms",
                                       "cdh_api_timeout",
                                       "cdh_api_timeout_ms",
                                       "launch_process_timeout",
                                       "health_check_request_timeout_ms",
                                       "server_port",
                                       "log_port",
                                       "passfd_listener_port",
                                       "visible_cdi_devices",
                                       "policy",
                                       "mem_agent.enable",
                                       "mem_agent.memcg_disable",
                                       "mem_agent.memcg_swap",
                                       "mem_agent.memcg_swappiness_max",
                                       "mem_agent.memcg_period_secs",
                                       "mem_agent.memcg_period_psi_percent_limit",
                                       "mem_agent.memcg_eviction_psi_percent_limit",
                                       "mem_agent.memcg_eviction_run_aging_count_min",
                                       "mem_agent.compact_disable",
                                       "mem_agent.compact_period_secs",
                                       "mem_agent.compact_period_psi_percent_limit",
                                       "mem_agent.compact_psi_percent_limit",
                                       "mem_agent.compact_sec_max",
                                       "mem_agent.compact_order",
                                       "mem_agent.compact_threshold",
                                       "mem_agent.compact_force_times",
                                       "trace_mode",
                                       "trace_type"};

constexpr std::string_view kRuntime[] = {"name",
                                         "agent_name",
                                         "enable_vcpus_pinning",
                                         "guest_selinux_label",
                                         "sandbox_bind_mounts",
                                         "shared_mounts",
                                         "vfio_mode",
                                         "disable_guest_empty_dir",
                                         "emptydir_mode",
                                         "enable_tracing",
                                         "jaeger_endpoint",
                                         "jaeger_user",
                                         "jaeger_password",
                                         "enable_pprof",
                                         "experimental",
                                         "experimental_force_guest_pull",
                                         "dan_conf",
                                         "kubelet_root_dir",
                                         "pod_resource_api_sock",
                                         "keep_abnormal",
                                         "use_passfd_io",
                                         "passfd_listener_port",
                                         "enable_agent_pidns"};

constexpr std::string_view kFactory[] = {"enable_template", "template_path", "vm_cache_number",
                                         "vm_cache_endpoint"};

}  // namespace

Keys composition_keys() { return kComposition; }

Keys not_implemented_keys(std::string_view table) {
  if (table == "hypervisor") return kHypervisor;
  if (table == "agent") return kAgent;
  if (table == "runtime") return kRuntime;
  if (table == "factory") return kFactory;
  return {};
}

bool is_not_implemented(std::string_view table, std::string_view key) {
  if (table == "proxy" || table == "shim" || table == "netmon") return true;
  const Keys keys = not_implemented_keys(table);
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace kata::config
