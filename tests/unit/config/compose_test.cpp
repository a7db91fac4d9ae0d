// SPDX-License-Identifier: Apache-2.0
#include "core/config/kata_names.h"
#include "core/config/known_keys.h"
#include "tests/unit/config/config_of.h"

namespace kata::config {

TEST_CASE("an empty configuration selects the defaults") {
  const Config config = accepted("");
  CHECK(config.hypervisor.name == "qemu");
  CHECK(config.hypervisor.library == "/usr/lib/kata-containers/plugins/libkata-hypervisor-qemu.so");
  CHECK(config.shared_filesystem.library ==
        "/usr/lib/kata-containers/plugins/libkata-fs-virtiofs.so");
  CHECK(config.network.library == "/usr/lib/kata-containers/plugins/libkata-net-tap.so");
  CHECK(config.memory_dedup.name == "none");
  CHECK(config.vm.kernel == "/usr/share/kata-containers/vmlinux");
  CHECK(config.vm.initrd == "/usr/share/kata-containers/initrd.img");
  CHECK(config.vm.default_memory_mib == 2048);
  CHECK(config.vm.default_vcpus == 1);
  CHECK(config.warnings.empty());
}

TEST_CASE("plugins are found by name in the configured directory") {
  const Config config = accepted(R"(
[plugins]
directory = "/opt/p"
hypervisor = "acme"
network = "tap"
shared_filesystem = "9p"
memory_dedup = "ksm-throttler"
)");
  CHECK(config.hypervisor.library == "/opt/p/libkata-hypervisor-acme.so");
  CHECK(config.network.library == "/opt/p/libkata-net-tap.so");
  CHECK(config.shared_filesystem.library == "/opt/p/libkata-fs-9p.so");
  CHECK(config.memory_dedup.library == "/opt/p/libkata-ksm-throttler.so");
  CHECK(config.hypervisor.origin == Origin{"c.toml", 4, 1});
}

TEST_CASE("the run directory of the dedup daemon is in its plugin's table and absolute") {
  const std::string chosen = "[plugins]\nmemory_dedup = \"ksm-throttler\"\n";
  CHECK(accepted(chosen).dedup.run_directory == "/run/kata-ksm-throttler");
  const std::string table = chosen + "[memory_dedup.ksm-throttler]\nrun_directory = ";
  const Config config = accepted((table + "\"/run/k\"\npolicy = \"adaptive\"\n").c_str());
  CHECK(config.dedup.run_directory == "/run/k");
  CHECK(config.memory_dedup.keys.size() == 1);
  CHECK(!config_of(table + "\"run\"\n").ok());
}

TEST_CASE("a plugin named by absolute path has the table of its file's name") {
  const Config config = accepted(R"(
[plugins]
hypervisor = "/opt/libkata-hypervisor-acme.so"
[hypervisor.acme]
speed = 3
)");
  CHECK(config.hypervisor.name == "acme");
  CHECK(config.hypervisor.library == "/opt/libkata-hypervisor-acme.so");
  CHECK(config.hypervisor.keys.at("speed").json == "3");
}

TEST_CASE("a plugin name cannot leave the plugin directory") {
  for (const char* name : {"../evil", "a/b", "", ".", "a b", "x.so"}) {
    CAPTURE(name);
    const auto config = config_of(concat("[plugins]\nnetwork = \"", name, "\"\n"));
    REQUIRE_FALSE(config.ok());
    CHECK(config.error().message.starts_with("c.toml:2:1: key 'network' in [plugins]: expected "));
  }
}

TEST_CASE("the hypervisor is chosen by plugins then by hypervisor_name then by the only table") {
  CHECK(accepted("[hypervisor.acme]\n").hypervisor.name == "acme");
  CHECK(accepted("[runtime]\nhypervisor_name = \"b\"\n[hypervisor.a]\n[hypervisor.b]\n")
            .hypervisor.name == "b");
  CHECK(accepted("[plugins]\nhypervisor = \"c\"\n[runtime]\nhypervisor_name = \"b\"\n")
            .hypervisor.name == "c");
}

TEST_CASE("two hypervisor tables without a choice are refused by name") {
  const std::string message = refusal_of("[hypervisor.acme]\n[hypervisor.zeta]\n");
  CHECK(message ==
        "more than one hypervisor is configured ('acme', 'zeta'): choose one by [plugins] "
        "hypervisor = \"acme\"");
}

TEST_CASE("the composition's keys of the hypervisor table are read with their origins") {
  const Config config = accepted(R"([hypervisor.qemu]
kernel = "/k"
image = "/i"
kernel_params = "quiet a=b"
guest_hook_path = "/usr/share/oci/hooks"
default_vcpus = 1.5
default_maxvcpus = 8
default_memory = 512
default_maxmemory = 4096
enable_hugepages = true
enable_debug = true
)");
  CHECK(config.vm.kernel == "/k");
  CHECK(config.vm.image == "/i");
  CHECK(config.vm.initrd.empty());
  CHECK(config.vm.kernel_params == "quiet a=b");
  CHECK(config.vm.guest_hook_path == "/usr/share/oci/hooks");
  CHECK(config.vm.default_vcpus == 2);
  CHECK(config.vm.default_maxvcpus == 8);
  CHECK(config.vm.default_memory_mib == 512);
  CHECK(config.vm.default_maxmemory_mib == 4096);
  CHECK(config.vm.enable_hugepages);
  CHECK(config.vm.enable_debug);
  CHECK(config.hypervisor.keys.empty());
  CHECK(config.effective.at("hypervisor.qemu.default_memory") == Value{"512", {"c.toml", 8, 1}});
  CHECK(config.effective.at("agent.kata.dial_timeout") == Value{"45", {}});
}

TEST_CASE("a negative number of CPUs means the host's and zero the default") {
  CHECK(accepted("[hypervisor.qemu]\ndefault_vcpus = -1\n").vm.default_vcpus >= 1);
  CHECK(accepted("[hypervisor.qemu]\ndefault_vcpus = 0\n").vm.default_vcpus == 1);
}

TEST_CASE("initrd and image together or neither are refused") {
  CHECK(refusal_of("[hypervisor.qemu]\nimage = \"/i\"\ninitrd = \"/r\"\n") ==
        "c.toml:2:1: [hypervisor.qemu]: expected exactly one of 'initrd' and 'image', found both; "
        "set one and remove the other");
  CHECK(refusal_of("[hypervisor.qemu]\ninitrd = \"\"\n").find("found neither") !=
        std::string::npos);
}

TEST_CASE("wrong types and ranges name place and key and what was expected and found") {
  CHECK(refusal_of("[hypervisor.qemu]\n  default_memory = \"2G\"\n") ==
        "c.toml:2:3: key 'default_memory' in [hypervisor.qemu]: expected an integer from 64 to "
        "16777216, found \"2G\"; correct it, or remove the line for the default 2048");
  CHECK(refusal_of("[hypervisor.qemu]\ndefault_memory = 63\n").find("found 63;") !=
        std::string::npos);
  CHECK(refusal_of("[hypervisor.qemu]\ndefault_memory = -1\n").find("found -1;") !=
        std::string::npos);
  CHECK(refusal_of("[hypervisor.qemu]\nkernel = \"k\"\n").find("expected an absolute path") !=
        std::string::npos);
  CHECK(refusal_of("[hypervisor.qemu]\nkernel = \"\"\n").find("expected the path of a kernel") !=
        std::string::npos);
  CHECK(refusal_of("[hypervisor.qemu]\ndefault_vcpus = 1e9\n").find("up to 1024") !=
        std::string::npos);
  CHECK(refusal_of("[agent.kata]\nkernel_modules = [\"a\", 1]\n").find("an array of strings") !=
        std::string::npos);
  CHECK(refusal_of("[agent.kata]\nenable_debug = 1\n").find("expected true or false, found 1") !=
        std::string::npos);
  CHECK(refusal_of("[runtime]\nlog_level = \"loud\"\n").find("trace, debug, info, warn or error") !=
        std::string::npos);
  CHECK(refusal_of("[plugins]\nhypervisor = 3\n").find("expected a name in quotes, found 3") !=
        std::string::npos);
  CHECK(refusal_of("[hypervisor.qemu]\nkernel = \"/a\\u0000b\"\n").find("expected a path") !=
        std::string::npos);
}

TEST_CASE("a misspelt key of ours is refused with the nearest one") {
  CHECK(refusal_of("[agent.kata]\n\ndial_timout = 3\n") ==
        "c.toml:3:1: unknown key 'dial_timout' in [agent.kata]; did you mean 'dial_timeout'?");
  CHECK(refusal_of("[plugin]\nhypervisor = \"x\"\n") ==
        "c.toml:2:1: unknown table 'plugin'; did you mean 'plugins'?");
  CHECK(refusal_of("[plugins]\nhypervizor = \"x\"\n").find("did you mean 'hypervisor'?") !=
        std::string::npos);
  CHECK(refusal_of("[runtime]\nsandbox_cgroups_only = true\n")
            .find("did you mean 'sandbox_cgroup_only'?") != std::string::npos);
  CHECK(refusal_of("speed = 3\n").starts_with("c.toml:1:1: unknown key 'speed'"));
}

TEST_CASE("a value where a table belongs is refused") {
  CHECK(refusal_of("runtime = 3\n") ==
        "c.toml:1:1: key 'runtime' in [top level]: expected a table, found 3; write [runtime…]");
  CHECK(refusal_of("[hypervisor]\nqemu = true\n").find("expected a table, found true") !=
        std::string::npos);
  CHECK(refusal_of("[agent.hyper]\nx = 1\n").find("the agent's table is [agent.kata]") !=
        std::string::npos);
}

TEST_CASE("the hypervisor plugin's own keys travel unread with their place") {
  const Config config = accepted("[hypervisor.qemu]\nmachine_type = \"q35\"\nno_such = [1, 2]\n");
  CHECK(config.hypervisor.keys.at("machine_type") == Value{"\"q35\"", {"c.toml", 2, 1}});
  CHECK(config.hypervisor.keys.at("no_such").json == "[1,2]");
}

TEST_CASE("both spellings of the seccomp key reach the hypervisor plugin as one") {
  for (const char* key : {"seccompsandbox", "seccomp_sandbox"}) {
    const Config config = accepted(concat("[hypervisor.qemu]\n", key, " = \"on\"\n"));
    CHECK(config.hypervisor.keys.at("seccompsandbox").json == "\"on\"");
  }
}

TEST_CASE("a table by either of Kata's names for a hypervisor is the plugin's") {
  for (const char* name : {"clh", "cloud-hypervisor"}) {
    const Config config =
        accepted(concat("[hypervisor.", name, "]\npath = \"/vmm\"\nkernel = \"/k\"\n",
                        "hypervisor_loglevel = 2\n"));
    CHECK(config.hypervisor.name == "cloudhv");
    CHECK(config.vm.kernel == "/k");
    CHECK(config.hypervisor.keys.at("path") == Value{"\"/vmm\"", {"c.toml", 2, 1}});
    CHECK(config.hypervisor.keys.at("hypervisor_loglevel").json == "2");
    CHECK(config.warnings.empty());
    CHECK(accepted(concat("[runtime]\nhypervisor_name = \"", name, "\"\n")).hypervisor.name ==
          "cloudhv");
  }
}

TEST_CASE("two tables of one hypervisor by two names are refused") {
  CHECK(refusal_of("[hypervisor.clh]\npath = \"/a\"\n[hypervisor.cloudhv]\npath = \"/b\"\n") ==
        "c.toml:1:13: [hypervisor.clh] and another table configure the same hypervisor, 'cloudhv': "
        "keep one of them");
  CHECK(refusal_of("[hypervisor.clh]\nx = 1\n[hypervisor.cloud-hypervisor]\nx = 1\n")
            .find("the same hypervisor") != std::string::npos);
}

TEST_CASE("a key that one hypervisor implements warns with another") {
  CHECK(accepted("[hypervisor.cloudhv]\ndisable_seccomp = true\n").warnings.empty());
  const Config other = accepted("[hypervisor.qemu]\ndisable_seccomp = true\n");
  REQUIRE(other.warnings.size() == 1);
  CHECK(other.hypervisor.keys.empty());
}

TEST_CASE("an operator's configuration of Kata for Cloud Hypervisor is taken as it is") {
  const Config config = accepted(R"([hypervisor.clh]
path = "/opt/kata/bin/cloud-hypervisor"
kernel = "/opt/kata/share/kata-containers/vmlinux.container"
image = "/opt/kata/share/kata-containers/kata-containers.img"
rootfs_type = "ext4"
enable_annotations = ["enable_iommu", "virtio_fs_extra_args", "kernel_params"]
valid_hypervisor_paths = ["/opt/kata/bin/cloud-hypervisor"]
kernel_params = ""
default_vcpus = 1
default_maxvcpus = 0
default_memory = 2048
default_maxmemory = 0
shared_fs = "virtio-fs"
virtio_fs_daemon = "/opt/kata/libexec/virtiofsd"
valid_virtio_fs_daemon_paths = ["/opt/kata/libexec/virtiofsd"]
virtio_fs_cache_size = 0
virtio_fs_queue_size = 1024
virtio_fs_extra_args = ["--thread-pool-size=1", "--announce-submounts"]
virtio_fs_cache = "auto"
block_device_driver = "virtio-blk"
disable_selinux = false
disable_guest_selinux = true
disable_seccomp = false
hypervisor_loglevel = 1
net_rate_limiter_bw_max_rate = 0
net_rate_limiter_bw_one_time_burst = 0
net_rate_limiter_ops_max_rate = 0
net_rate_limiter_ops_one_time_burst = 0
disk_rate_limiter_bw_max_rate = 0
disk_rate_limiter_bw_one_time_burst = 0
disk_rate_limiter_ops_max_rate = 0
disk_rate_limiter_ops_one_time_burst = 0
guest_hook_path = ""
[agent.kata]
kernel_modules = []
[runtime]
internetworking_model = "tcfilter"
disable_guest_seccomp = true
sandbox_cgroup_only = false
)");
  CHECK(config.hypervisor.name == "cloudhv");
  CHECK(config.vm.initrd.empty());
  CHECK(config.shared_filesystem.name == "virtiofs");
  CHECK(config.hypervisor.keys.size() == 12);
  CHECK(config.warnings.size() == 4);  // of what nobody implements yet
}

TEST_CASE("virtio_fs keys go to the shared filesystem and shared_fs chooses it") {
  const Config config = accepted(
      "[hypervisor.qemu]\nshared_fs = \"virtio-fs\"\nvirtio_fs_cache = \"auto\"\n"
      "[shared_filesystem.virtiofs]\nother = 1\n");
  CHECK(config.shared_filesystem.name == "virtiofs");
  CHECK(config.shared_filesystem.keys.at("virtio_fs_cache").json == "\"auto\"");
  CHECK(config.shared_filesystem.keys.at("other").json == "1");
  CHECK(config.hypervisor.keys.empty());

  CHECK(accepted("[hypervisor.qemu]\nshared_fs = \"none\"\n").shared_filesystem.name == "none");
  CHECK(refusal_of("[hypervisor.qemu]\nshared_fs = \"nfs\"\n").find("\"virtio-9p\" or \"none\"") !=
        std::string::npos);
}

TEST_CASE("keys of 9p go to that plugin or are ignored with a warning") {
  const Config chosen =
      accepted("[hypervisor.qemu]\nshared_fs = \"virtio-9p\"\nmsize_9p = 65536\n");
  CHECK(chosen.shared_filesystem.keys.at("msize_9p").json == "65536");
  CHECK(chosen.hypervisor.keys.empty());
  CHECK(chosen.warnings.empty());
  const Config other = accepted("[hypervisor.qemu]\nmsize_9p = 8192\n");
  REQUIRE(other.warnings.size() == 1);
  CHECK(other.warnings[0] ==
        "c.toml:2:1: key 'msize_9p' belongs to shared filesystem '9p', and 'virtiofs' is selected; "
        "ignored");
}

TEST_CASE("virtio_fs keys beside another shared filesystem are ignored with a warning") {
  const Config config =
      accepted("[hypervisor.qemu]\nshared_fs = \"virtio-9p\"\nvirtio_fs_cache = \"auto\"\n");
  CHECK(config.shared_filesystem.name == "9p");
  CHECK(config.shared_filesystem.keys.empty());
  REQUIRE(config.warnings.size() == 1);
  CHECK(config.warnings[0] ==
        "c.toml:3:1: key 'virtio_fs_cache' belongs to shared filesystem 'virtiofs', and '9p' is "
        "selected; ignored");
}

TEST_CASE("network keys of the runtime table go to the network plugin") {
  const Config config =
      accepted("[plugins]\nnetwork = \"tap\"\n[runtime]\ninternetworking_model = \"tcfilter\"\n");
  CHECK(config.network.keys.at("internetworking_model").json == "\"tcfilter\"");
  CHECK(config.warnings.empty());
}

TEST_CASE("network keys without a network plugin give a warning unless they ask for none") {
  const std::string none = "[plugins]\nnetwork = \"none\"\n";
  const Config config = accepted(none + "[runtime]\ninternetworking_model = \"tcfilter\"\n");
  REQUIRE(config.warnings.size() == 1);
  CHECK(config.warnings[0].find("needs a network plugin") != std::string::npos);
  CHECK(accepted(none + "[runtime]\ninternetworking_model = \"none\"\n").warnings.empty());
}

TEST_CASE("each key of Kata that is not implemented warns by name and place") {
  for (const char* section : {"hypervisor", "agent", "runtime", "factory"}) {
    const std::string table = std::string_view(section) == "hypervisor" ? "hypervisor.qemu"
                              : std::string_view(section) == "agent"    ? "agent.kata"
                                                                        : section;
    for (const std::string_view key : not_implemented_keys(section)) {
      CAPTURE(key);
      const Config config = accepted(concat("[", table, "]\n", key, " = 1\n"));
      REQUIRE(config.warnings.size() == 1);
      const std::string_view last = key.substr(key.find('.') + 1);
      CHECK(config.warnings[0].starts_with("c.toml:2:"));
      CHECK(config.warnings[0].find(concat(
                last, "' is known to Kata but not implemented yet; ignored")) != std::string::npos);
    }
  }
}

TEST_CASE("the tables of Kata 1 warn key by key") {
  const Config config = accepted("[proxy.kata]\npath = \"/p\"\n[netmon]\nenable_netmon = true\n");
  CHECK(config.warnings.size() == 2);
}

TEST_CASE("keys of components that are not selected are nobody's business") {
  const Config config = accepted(
      "[plugins]\nhypervisor = \"a\"\n[hypervisor.a]\n[hypervisor.b]\nwhat = 1\n"
      "[network.other]\nx = 1\n");
  CHECK(config.hypervisor.keys.empty());
  CHECK(config.network.keys.empty());
}

TEST_CASE("the agent's timeout is read from either place of Kata") {
  CHECK(accepted("[runtime]\ncreate_container_timeout = 7\n").agent.create_container_timeout_s ==
        7);
  CHECK(accepted("[agent.kata]\ncreate_container_timeout = 8\n").agent.create_container_timeout_s ==
        8);
}

TEST_CASE("Kata's rate limits go to the network plugin") {
  const auto config = accepted(
      "[plugins]\nnetwork = \"tap\"\n[hypervisor.qemu]\nrx_rate_limiter_max_rate = 9000\n"
      "tx_rate_limiter_max_rate = 9000\n[network.tap]\ntx_rate_limiter_max_rate = 8000\n");
  CHECK(config.network.keys.at("rx_rate_limiter_max_rate").json == "9000");
  CHECK(config.network.keys.at("tx_rate_limiter_max_rate").json == "8000");
  CHECK(!config.hypervisor.keys.contains("rx_rate_limiter_max_rate"));
}

TEST_CASE("an overhead of CPUs is a number and not below zero") {
  CHECK(accepted("[hypervisor.qemu]\noverhead_vcpus = 1\n").vm.overhead_vcpus == 1);
  CHECK(accepted("[hypervisor.qemu]\noverhead_vcpus = 0.2\n")
            .effective.at("hypervisor.qemu.overhead_vcpus")
            .json == "0.2");
  for (const char* value : {"-0.1", "\"1\"", "2000"})
    CHECK(refusal_of(concat("[hypervisor.qemu]\noverhead_vcpus = ", value, "\n"))
              .find("expected a number from 0 to 1024") != std::string::npos);
}

}  // namespace kata::config
