// SPDX-License-Identifier: Apache-2.0
#include "sandbox/vm_size.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "kata/concat.h"
#include "sandbox/json_reader.h"

namespace kata::sandbox {

namespace {

constexpr std::uint64_t kMib = 1U << 20;
constexpr std::int64_t kNoLimit = std::int64_t{1} << 60;  // engines write "none" as a huge number
constexpr std::int64_t kUsualPeriod = 100'000;            // µs, the kernel's
constexpr std::size_t kMostCpus = 8192;
constexpr std::uint64_t kPagesPerDescriptor = 64;  // the guest's kernel describes each page
// With less the guest's kernel cannot unpack the agent's initrd.
constexpr std::uint64_t kLeastMemoryMib = 128;

constexpr const char* kContainerdQuota = "io.kubernetes.cri.sandbox-cpu-quota";
constexpr const char* kContainerdPeriod = "io.kubernetes.cri.sandbox-cpu-period";
constexpr const char* kContainerdMemory = "io.kubernetes.cri.sandbox-memory";
// The first is what newer versions of CRI-O write; they write the second too.
constexpr std::array kCrioResources = {"pod-linux-resources.crio.io",
                                       "io.kubernetes.cri-o.PodLinuxResources"};

struct Limits {  // 0 and below: none
  std::int64_t quota = 0, period = 0, memory = 0;
};

Workload workload_from(const Limits& limits) {
  Workload workload;
  if (limits.quota > 0)
    workload.cpus = static_cast<double>(limits.quota) /
                    static_cast<double>(limits.period > 0 ? limits.period : kUsualPeriod);
  if (limits.memory > 0 && limits.memory < kNoLimit)
    workload.memory_mib = (static_cast<std::uint64_t>(limits.memory) + kMib - 1) / kMib;
  return workload;
}

using Annotations = google::protobuf::Map<std::string, std::string>;

Result<std::int64_t> number_in(const Annotations& annotations, const char* key) {
  const auto found = annotations.find(key);
  if (found == annotations.end()) return 0;
  const std::string& text = found->second;
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc{} && end == text.data() + text.size() && !text.empty()) return number;
  return make_error(
      ErrorCode::kInvalidArgument,
      concat("annotation ", key, ": expected an integer, found '", text.substr(0, 40), "'"));
}

Result<Limits> containerd_limits(const Annotations& annotations) {
  Limits limits;
  limits.quota = KATA_TRY(number_in(annotations, kContainerdQuota), "");
  limits.period = KATA_TRY(number_in(annotations, kContainerdPeriod), "");
  limits.memory = KATA_TRY(number_in(annotations, kContainerdMemory), "");
  return limits;
}

Result<Limits> crio_limits(const char* key, const std::string& text) {
  Findings findings{concat("annotation ", key), nullptr, std::nullopt};
  const nlohmann::json document = parse_json_object(text, findings);
  Limits limits;
  if (findings.ok()) {
    const JsonReader reader(document, "", findings);
    limits.quota = reader.integer("cpu_quota", INT64_MIN, INT64_MAX);
    limits.period = reader.integer("cpu_period", INT64_MIN, INT64_MAX);
    limits.memory = reader.integer("memory_limit_in_bytes", INT64_MIN, INT64_MAX);
  }
  KATA_TRY(std::move(findings).outcome(), "");
  return limits;
}

Result<Limits> pod_limits(const Annotations& annotations) {
  for (const char* key : kCrioResources)
    if (const auto found = annotations.find(key); found != annotations.end())
      return crio_limits(key, found->second);
  return containerd_limits(annotations);
}

// "0-3,7" → 5. nullopt: no such list.
std::optional<std::size_t> cpus_in(std::string_view list) {
  std::bitset<kMostCpus> cpus;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (at != end) {
    std::size_t first = 0;
    auto [after, failure] = std::from_chars(at, end, first);
    if (failure != std::errc{}) return std::nullopt;
    std::size_t last = first;
    if (after != end && *after == '-') {
      const auto range = std::from_chars(after + 1, end, last);
      if (range.ec != std::errc{}) return std::nullopt;
      after = range.ptr;
    }
    if (last < first || last >= kMostCpus) return std::nullopt;
    for (; first <= last; ++first) cpus.set(first);
    if (after != end && (*after != ',' || after + 1 == end)) return std::nullopt;
    at = after == end ? end : after + 1;
  }
  return cpus.count();
}

Result<Workload> own_limits(const grpc::LinuxResources& resources) {
  const auto& cpu = resources.cpu();
  Workload workload = workload_from(
      {cpu.quota(), static_cast<std::int64_t>(cpu.period()), resources.memory().limit()});
  if (workload.cpus || cpu.cpus().empty()) return workload;
  const auto count = cpus_in(cpu.cpus());
  if (!count)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("config.json: linux.resources.cpu.cpus: expected CPUs as in '0-3,7', "
                             "found '",
                             cpu.cpus().substr(0, 40), "'"));
  workload.cpus = static_cast<double>(*count);
  return workload;
}

std::uint32_t vcpus_of(const config::Config& config, const Workload& workload, std::uint32_t cpus,
                       std::vector<std::string>& warnings) {
  const config::VmConfig& vm = config.vm;
  const std::uint32_t usual = std::max(vm.default_vcpus, 1U);
  if (!workload.cpus) return usual;
  const double beside =
      config.runtime.static_sandbox_resource_mgmt ? vm.overhead_vcpus : static_cast<double>(usual);
  const double wanted = std::max(1.0, std::ceil(*workload.cpus + beside));
  const std::uint32_t most = std::max(vm.default_maxvcpus != 0 ? vm.default_maxvcpus : cpus, usual);
  if (wanted <= most) return static_cast<std::uint32_t>(wanted);
  warnings.push_back(concat(
      "the CPU limit asks for a VM of ", static_cast<std::uint64_t>(wanted), " CPUs, which gets ",
      most,
      vm.default_maxvcpus != 0 ? ": default_maxvcpus allows no more" : ": the host has no more"));
  return most;
}

std::uint64_t memory_of(const config::Config& config, const Workload& workload,
                        std::uint64_t host_mib, std::vector<std::string>& warnings) {
  const config::VmConfig& vm = config.vm;
  if (!workload.memory_mib) return vm.default_memory_mib;
  const std::uint64_t beside =
      config.runtime.static_sandbox_resource_mgmt ? vm.overhead_memory_mib : vm.default_memory_mib;
  const std::uint64_t pages = *workload.memory_mib / kPagesPerDescriptor;
  const std::uint64_t wanted = std::max(*workload.memory_mib + pages + beside, kLeastMemoryMib);
  const std::uint64_t most = std::max(
      vm.default_maxmemory_mib != 0 ? vm.default_maxmemory_mib : host_mib, vm.default_memory_mib);
  if (wanted <= most || most == 0) return wanted;
  warnings.push_back(concat("the memory limit asks for a VM of ", wanted, " MiB, which gets ", most,
                            vm.default_maxmemory_mib != 0 ? ": default_maxmemory allows no more"
                                                          : ": the host has no more"));
  return most;
}

}  // namespace

Result<Workload> workload_of(const grpc::Spec& spec) {
  Workload pod = workload_from(KATA_TRY(pod_limits(spec.annotations()), ""));
  const Workload own = KATA_TRY(own_limits(spec.linux().resources()), "");
  if (!pod.cpus && !pod.memory_mib) return own;
  return pod;
}

HostSize size_of_this_host() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  HostSize host;
  host.cpus = std::max(std::thread::hardware_concurrency(), 1U);
  if (pages > 0 && page > 0)
    host.memory_mib = static_cast<std::uint64_t>(pages) / (kMib / static_cast<std::uint64_t>(page));
  return host;
}

VmSize vm_size(const config::Config& config, const Workload& workload, const HostSize& host) {
  VmSize size;
  size.vcpus = vcpus_of(config, workload, host.cpus, size.warnings);
  size.memory_mib = memory_of(config, workload, host.memory_mib, size.warnings);
  if (config.vm.enable_hugepages) size.memory_mib += size.memory_mib % 2;  // pages of 2 MiB
  return size;
}

}  // namespace kata::sandbox
