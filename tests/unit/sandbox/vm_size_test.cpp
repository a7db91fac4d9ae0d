// SPDX-License-Identifier: Apache-2.0
#include "sandbox/vm_size.h"

#include <doctest/doctest.h>

namespace kata::sandbox {

namespace {

config::Config usual_config() {
  config::Config config;
  config.vm.default_vcpus = 2;
  config.vm.default_memory_mib = 512;
  config.vm.overhead_memory_mib = 100;
  return config;
}

constexpr HostSize kHost{8, 4096};

struct Asked {  // 0: nothing
  double cpus = 0;
  std::uint64_t memory_mib = 0;
};

VmSize size_for(const config::Config& config, Asked asked) {
  Workload workload;
  if (asked.cpus != 0) workload.cpus = asked.cpus;
  if (asked.memory_mib != 0) workload.memory_mib = asked.memory_mib;
  return vm_size(config, workload, kHost);
}

Result<Workload> workload_with(const std::map<std::string, std::string>& annotations) {
  grpc::Spec spec;
  for (const auto& [key, value] : annotations) (*spec.mutable_annotations())[key] = value;
  return workload_of(spec);
}

}  // namespace

TEST_CASE("each dimension without a limit keeps the configuration's default") {
  struct Row {
    Asked asked;
    std::uint32_t vcpus;
    std::uint64_t memory_mib;
  };
  for (const Row& row : {Row{{}, 2, 512}, Row{{1, 0}, 1, 512}, Row{{0, 300}, 2, 404},
                         Row{{2.5, 1024}, 3, 1140}, Row{{0.1, 4}, 1, 128}}) {
    CAPTURE(row.asked.cpus);
    CAPTURE(row.asked.memory_mib);
    const VmSize size = size_for(usual_config(), row.asked);
    CHECK(size.vcpus == row.vcpus);
    CHECK(size.memory_mib == row.memory_mib);
    CHECK(size.warnings.empty());
  }
}

TEST_CASE("a CPU's overhead counts only beside a CPU limit") {
  config::Config config = usual_config();
  config.vm.overhead_vcpus = 0.2;
  CHECK(size_for(config, {}).vcpus == 2);
  CHECK(size_for(config, {1, 0}).vcpus == 2);
  CHECK(size_for(config, {0.5, 0}).vcpus == 1);
}

TEST_CASE("without static sizing a limit is added to the default") {
  config::Config config = usual_config();
  config.runtime.static_sandbox_resource_mgmt = false;
  const VmSize size = size_for(config, {1.5, 256});
  CHECK(size.vcpus == 4);
  CHECK(size.memory_mib == 772);
}

TEST_CASE("what the host or the configuration does not have is not given and said") {
  struct Row {
    std::uint32_t maxvcpus;
    std::uint64_t maxmemory;
    VmSize expected;
  };
  const Row rows[] = {
      {0,
       0,
       {8,
        4096,
        {"the CPU limit asks for a VM of 64 CPUs, which gets 8: the host has no more",
         "the memory limit asks for a VM of 8420 MiB, which gets 4096: the host has no more"}}},
      {4,
       1024,
       {4,
        1024,
        {"the CPU limit asks for a VM of 64 CPUs, which gets 4: default_maxvcpus allows no more",
         "the memory limit asks for a VM of 8420 MiB, which gets 1024: default_maxmemory allows no "
         "more"}}},
  };
  for (const Row& row : rows) {
    config::Config config = usual_config();
    config.vm.default_maxvcpus = row.maxvcpus;
    config.vm.default_maxmemory_mib = row.maxmemory;
    const VmSize size = size_for(config, {64, 8192});
    CHECK(size.vcpus == row.expected.vcpus);
    CHECK(size.memory_mib == row.expected.memory_mib);
    CHECK(size.warnings == row.expected.warnings);
  }
}

TEST_CASE("huge pages make the memory even") {
  config::Config config = usual_config();
  config.vm.enable_hugepages = true;
  CHECK(size_for(config, {0, 201}).memory_mib == 304);
}

TEST_CASE("a container's own limits count") {
  struct Row {
    std::int64_t quota;
    std::uint64_t period;
    const char* cpus;
    std::int64_t memory;
    Asked expected;
  };
  const Row rows[] = {
      {150'000, 100'000, "", 64 << 20, {1.5, 64}},
      {50'000, 0, "", (64 << 20) + 1, {0.5, 65}},  // the kernel's period; rounded up
      {-1, 100'000, "", -1, {0, 0}},               // unlimited
      {0, 0, "", 9223372036854771712, {0, 0}},     // the same, as engines write it
      {0, 0, "0-3,7", 0, {5, 0}},
      {200'000, 100'000, "0-3", 0, {2, 0}},  // a quota says more than a cpuset
      {0, 0, "1,1,0-1", 0, {2, 0}},
  };
  for (const Row& row : rows) {
    grpc::Spec spec;
    auto& cpu = *spec.mutable_linux()->mutable_resources()->mutable_cpu();
    cpu.set_quota(row.quota);
    cpu.set_period(row.period);
    cpu.set_cpus(row.cpus);
    spec.mutable_linux()->mutable_resources()->mutable_memory()->set_limit(row.memory);
    const auto workload = workload_of(spec);
    REQUIRE(workload.ok());
    CHECK(workload.value().cpus.value_or(0) == row.expected.cpus);
    CHECK(workload.value().memory_mib.value_or(0) == row.expected.memory_mib);
  }
}

TEST_CASE("a list of CPUs that is none is refused by its key") {
  for (const char* list : {"x", "1-", "3-1", "0,", "0,,1", "-1", "0-99999999", "0 1", "1-2-3"}) {
    CAPTURE(list);
    grpc::Spec spec;
    spec.mutable_linux()->mutable_resources()->mutable_cpu()->set_cpus(list);
    const auto workload = workload_of(spec);
    REQUIRE_FALSE(workload.ok());
    CHECK(workload.error().message.starts_with("config.json: linux.resources.cpu.cpus: expected"));
  }
}

TEST_CASE("a pod is sized by the annotations of its engine") {
  const auto containerd = workload_with({{"io.kubernetes.cri.sandbox-cpu-quota", "250000"},
                                         {"io.kubernetes.cri.sandbox-cpu-period", "100000"},
                                         {"io.kubernetes.cri.sandbox-memory", "268435456"}});
  REQUIRE(containerd.ok());
  CHECK(containerd.value().cpus == 2.5);
  CHECK(containerd.value().memory_mib == 256);
  for (const char* key : {"io.kubernetes.cri-o.PodLinuxResources", "pod-linux-resources.crio.io"}) {
    const auto crio = workload_with(
        {{key, R"({"cpu_period":100000,"cpu_quota":50000,"memory_limit_in_bytes":1048576})"}});
    REQUIRE(crio.ok());
    CHECK(crio.value().cpus == 0.5);
    CHECK(crio.value().memory_mib == 1);
  }
  const auto none = workload_with(
      {{"io.kubernetes.cri.sandbox-cpu-quota", "0"}, {"io.kubernetes.cri.sandbox-memory", "0"}});
  REQUIRE(none.ok());
  CHECK_FALSE(none.value().cpus);
  CHECK_FALSE(none.value().memory_mib);
}

TEST_CASE("an annotation that is no number is refused by its name") {
  for (const char* value : {"", "x", "1G", "1.5", "99999999999999999999"}) {
    CAPTURE(value);
    const auto workload = workload_with({{"io.kubernetes.cri.sandbox-memory", value}});
    REQUIRE_FALSE(workload.ok());
    CHECK(workload.error().message.starts_with(
        "annotation io.kubernetes.cri.sandbox-memory: expected an integer, found '"));
  }
  const auto crio =
      workload_with({{"io.kubernetes.cri-o.PodLinuxResources", R"({"cpu_quota":"1"})"}});
  REQUIRE_FALSE(crio.ok());
  CHECK(crio.error().message.starts_with(
      "annotation io.kubernetes.cri-o.PodLinuxResources: cpu_quota: expected"));
}

}  // namespace kata::sandbox
