// SPDX-License-Identifier: Apache-2.0
#include "core/config/annotations.h"

#include "tests/unit/config/config_of.h"

namespace kata::config {

namespace {

constexpr const char* kHypervisor = "io.katacontainers.config.hypervisor.";

Config with(std::string_view enabled, std::string_view more = "") {
  return accepted(concat("[plugins]\nnetwork = \"tap\"\n[hypervisor.qemu]\nenable_annotations = [",
                         enabled, "]\n", more));
}

std::string refusal(Config config, const std::string& annotation, const std::string& value) {
  const auto applied = apply_annotations(config, {{annotation, value}});
  REQUIRE_FALSE(applied.ok());
  return applied.error().message;
}

Config applied_to(Config config, const std::string& annotation, const std::string& value) {
  const auto applied = apply_annotations(config, {{annotation, value}});
  REQUIRE_MESSAGE(applied.ok(), applied.error().message);
  CHECK(applied.value().names == std::vector{annotation});
  return config;
}

}  // namespace

TEST_CASE("no annotation is enabled by default and the refusal says what to add where") {
  for (const char* key :
       {"hypervisor.default_vcpus", "hypervisor.nonsense", "runtime.sandbox_cgroup_only",
        "agent.kernel_modules", "hypervisor.", "nonsense"}) {
    CAPTURE(key);
    const std::string name = concat("io.katacontainers.config.", key);
    CHECK(refusal(with(""), name, "2").starts_with(concat("annotation ", name, " is not enabled")));
  }
  CHECK(
      refusal(with(""), concat(kHypervisor, "default_vcpus"), "2") ==
      "annotation io.katacontainers.config.hypervisor.default_vcpus is not enabled: add "
      "\"default_vcpus\" to enable_annotations in [hypervisor.qemu] if whoever creates containers "
      "may set it, or take the annotation away");
}

TEST_CASE("an entry enables the whole of a name and nothing that merely contains it") {
  struct Row {
    const char *enabled, *key;
    bool passes;
  };
  const Row rows[] = {
      {"\"path\"", "firmware_path", false},
      {"\"path\"", "jailer_path", false},
      {"\"default_v\"", "default_vcpus", false},
      {"\"default_.*\"", "default_vcpus", true},
      {"\"default_(vcpus|memory)\"", "default_memory", true},
      {"\"default_(vcpus|memory)\"", "default_max_vcpus", false},
      {"\"\"", "default_vcpus", false},
      {"\"disable_guest_seccomp\"", "../runtime.disable_guest_seccomp", false},
      {"\"x\", \"default_vcpus\"", "default_vcpus", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.key);
    Config config = with(row.enabled);
    CHECK(apply_annotations(config, {{concat(kHypervisor, row.key), "200"}}).ok() == row.passes);
  }
}

TEST_CASE("runtime and agent have names of their own at the gate") {
  const std::string name = "io.katacontainers.config.runtime.disable_guest_seccomp";
  CHECK(refusal(with("\"disable_guest_seccomp\""), name, "true").find("not enabled") !=
        std::string::npos);
  CHECK(applied_to(with("\"runtime.disable_guest_seccomp\""), name, "true")
            .runtime.disable_guest_seccomp);
}

TEST_CASE("a name of any length is answered") {
  CHECK(refusal(with("\"(a*)*b\", \".*\""), concat(kHypervisor, std::string(100'000, 'a')), "1")
            .find("not enabled") != std::string::npos);
}

TEST_CASE("an expression that is none is refused when the configuration is read") {
  CHECK(refusal_of("[hypervisor.qemu]\nenable_annotations = [\"a(\"]\n")
            .find("enable_annotations: expected names or regular expressions, found 'a('") !=
        std::string::npos);
}

TEST_CASE("each key of the composition arrives where it belongs") {
  const auto set = [](const char* key, const char* value) {
    return applied_to(with("\".*\""), concat("io.katacontainers.config.", key), value);
  };
  CHECK(set("hypervisor.kernel", "/k/../v").vm.kernel == "/v");
  CHECK(set("hypervisor.image", "/i").vm.image == "/i");
  CHECK(set("hypervisor.image", "/i").vm.initrd.empty());
  CHECK(set("hypervisor.initrd", "/i").vm.initrd == "/i");
  CHECK(set("hypervisor.kernel_params", "quiet").vm.kernel_params == "quiet");
  CHECK(set("hypervisor.default_vcpus", "3").vm.default_vcpus == 3);
  CHECK(set("hypervisor.default_max_vcpus", "4").vm.default_maxvcpus == 4);
  CHECK(set("hypervisor.default_memory", "300").vm.default_memory_mib == 300);
  CHECK(set("hypervisor.enable_hugepages", "true").vm.enable_hugepages);
  CHECK_FALSE(set("runtime.sandbox_cgroup_only", "false").runtime.sandbox_cgroup_only);
  CHECK(set("runtime.create_container_timeout", "5").agent.create_container_timeout_s == 5);
  CHECK(set("agent.kernel_modules", "a p=1;b").agent.kernel_modules ==
        std::vector<std::string>{"a p=1", "b"});
  CHECK(set("agent.container_pipe_size", "4096").agent.container_pipe_size == 4096);
}

TEST_CASE("each key of a plugin arrives in that plugin's keys") {
  const auto set = [](const char* key, const char* value) {
    return applied_to(with("\".*\""), concat("io.katacontainers.config.", key), value);
  };
  CHECK(set("hypervisor.machine_type", "pc").hypervisor.keys.at("machine_type").json == "\"pc\"");
  CHECK(set("hypervisor.disable_vhost_net", "true").hypervisor.keys.at("disable_vhost_net").json ==
        "true");
  CHECK(set("hypervisor.rx_rate_limiter_max_rate", "9000")
            .network.keys.at("rx_rate_limiter_max_rate")
            .json == "9000");
  CHECK(
      set("runtime.internetworking_model", "none").network.keys.at("internetworking_model").json ==
      "\"none\"");
  for (const char* list : {"--a,-b", R"(["--a","-b"])"})
    CHECK(set("hypervisor.virtio_fs_extra_args", list)
              .shared_filesystem.keys.at("virtio_fs_extra_args")
              .json == R"(["--a","-b"])");
}

TEST_CASE("a value of the wrong form is refused by the annotation's name") {
  struct Row {
    const char *key, *value;
  };
  for (const Row& row :
       {Row{"default_vcpus", "0"}, Row{"default_vcpus", "-1"}, Row{"default_vcpus", "1.5"},
        Row{"default_vcpus", ""}, Row{"default_vcpus", "2 "}, Row{"default_memory", "1"},
        Row{"default_memory", "99999999999999999999"}, Row{"enable_hugepages", "yes"},
        Row{"kernel", "relative"}, Row{"kernel", "/"}, Row{"kernel", "/a/"}}) {
    CAPTURE(row.key);
    CAPTURE(row.value);
    const std::string name = concat(kHypervisor, row.key);
    CHECK(refusal(with("\".*\""), name, row.value)
              .starts_with(concat("annotation ", name, ": expected ")));
  }
  CHECK(refusal(with("\".*\""), concat(kHypervisor, "machine_type"), std::string("a\0b", 3))
            .find("without NUL") != std::string::npos);
}

TEST_CASE("a program of the host must match a glob of its list") {
  struct Row {
    const char *lists, *path;
    bool passes;
  };
  constexpr const char* kOne = "valid_hypervisor_paths = [\"/usr/bin/qemu-*\"]";
  const Row rows[] = {
      {"", "/usr/bin/qemu-system-x86_64", false},
      {"valid_hypervisor_paths = []", "/usr/bin/qemu-system-x86_64", false},
      {kOne, "/usr/bin/qemu-system-x86_64", true},
      {kOne, "/usr/bin/qemu-x/../../../tmp/evil", false},
      {kOne, "/usr/bin/qemu-x/evil", false},
      {kOne, "/tmp/usr/bin/qemu-x", false},
      {kOne, "/usr/bin/../bin/qemu-x", true},
      {"valid_virtio_fs_daemon_paths = [\"*\"]", "/usr/bin/qemu-x", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    Config config = with("\"path\"", row.lists);
    const auto applied = apply_annotations(config, {{concat(kHypervisor, "path"), row.path}});
    CHECK(applied.ok() == row.passes);
    if (!applied.ok())
      CHECK(applied.error().message.find("matches nothing in valid_hypervisor_paths of "
                                         "[hypervisor.qemu]") != std::string::npos);
  }
}

TEST_CASE("words that the guest's safety rests on are refused") {
  for (const char* params :
       {"init=/bin/sh", "quiet rdinit=/x", "root=/dev/sda", "agent.debug_console",
        "agent.debug-console", "agent.debug_console_vport=1026", "agent.log_vport=1",
        "agent.hotplug_timeout=1", "a=b -- --evil", "systemd.unit=x", "\"init=/bin/sh\"",
        "a\tinit=/x", "a\ninit=/x", "dm-mod.create=x", "lsm=none", "module.sig-enforce=0"}) {
    CAPTURE(params);
    CHECK_FALSE(check_kernel_params(params, {}).ok());
    CHECK_FALSE(check_kernel_params(concat("quiet ", params), {}).ok());
  }
  for (const char* params : {"", " ", "quiet", "agent.log=debug", "transparent_hugepage=never",
                             "a.init=1", "initial=1"}) {
    CAPTURE(params);
    CHECK(check_kernel_params(params, {}).ok());
  }
  AgentConfig open;
  open.debug_console_enabled = true;
  CHECK(check_kernel_params("agent.debug_console", open).ok());
  CHECK_FALSE(check_kernel_params(std::string(2000, 'a'), {}).ok());
}

TEST_CASE("a key of Kata that nothing implements is a warning once it is enabled") {
  Config config = with("\".*\"");
  const auto applied = apply_annotations(config, {{concat(kHypervisor, "enable_iommu"), "true"}});
  REQUIRE(applied.ok());
  CHECK(applied.value().names.empty());
  REQUIRE(applied.value().warnings.size() == 1);
  CHECK(applied.value().warnings[0].find("not implemented yet") != std::string::npos);
  CHECK(refusal(with("\".*\""), concat(kHypervisor, "default_vcpu"), "1")
            .find("did you mean 'default_vcpus'") != std::string::npos);
}

TEST_CASE("other annotations are nobody's business here") {
  Config config = with("");
  CHECK(apply_annotations(config, {{"io.katacontainers.pkg.oci.bundle_path", "/b"},
                                   {"io.kubernetes.cri.container-type", "sandbox"},
                                   {"com.example.io.katacontainers.config.hypervisor.path", "/x"}})
            .ok());
}

}  // namespace kata::config
