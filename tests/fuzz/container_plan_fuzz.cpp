// SPDX-License-Identifier: Apache-2.0
//
// Any OCI specification, as JSON or as the message that a host sends: what the planner lets pass is
// what the code behind it may rely on.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "agent/container/cgroup.h"
#include "agent/container/container_plan.h"
#include "oci.pb.h"
#include "sandbox/oci_spec.h"

using namespace kata;
using namespace kata::agent;

namespace {

constexpr std::uint32_t kNobody = 0xffffffff;

void require(bool held) {
  if (!held) std::abort();
}

bool is_text(std::string_view text) { return text.find('\0') == std::string_view::npos; }

bool stays_inside(const std::filesystem::path& path) {
  return path.is_absolute() && is_text(path.native()) &&
         std::find(path.begin(), path.end(), "..") == path.end();
}

void check(const ProcessPlan& plan) {
  require(plan.uid != kNobody && plan.gid != kNobody);
  require(std::find(plan.groups.begin(), plan.groups.end(), kNobody) == plan.groups.end());
  require(!plan.args.empty() && !plan.args.front().empty() && plan.cwd.starts_with('/'));
  require(std::all_of(plan.args.begin(), plan.args.end(), is_text));
  require(std::all_of(plan.env.begin(), plan.env.end(), is_text));
  for (const Rlimit& limit : plan.rlimits) require(limit.value.rlim_cur <= limit.value.rlim_max);
  require((plan.capabilities.effective & ~plan.capabilities.permitted) == 0);
  require((plan.capabilities.ambient & ~plan.capabilities.inheritable) == 0);
}

void check(const ContainerPlan& plan) {
  check(plan.process);
  for (const MountPlan& mount : plan.mounts) {
    require(stays_inside(mount.destination) && mount.destination.has_filename());
    require(is_text(mount.source) && is_text(mount.type));
    require(std::all_of(mount.options.data.begin(), mount.options.data.end(), is_text));
  }
  for (const NodePlan& node : plan.nodes) require(stays_inside(node.path));
  for (const auto& path : plan.masked) require(stays_inside(path));
  for (const auto& path : plan.read_only) require(stays_inside(path));
  for (const Sysctl& sysctl : plan.sysctls) require(stays_inside("/" + sysctl.file));
  for (const JoinedNamespace& joined : plan.joined) require(stays_inside(joined.path));
  require(!plan.device_rules.empty() && !device_program(plan.device_rules).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  grpc::Spec spec;
  const bool parsed = text.starts_with('{')
                          ? sandbox::parse_spec(text, "config.json", spec, nullptr).ok()
                          : spec.ParseFromArray(data, static_cast<int>(size));
  if (!parsed) return 0;
  spec.mutable_root()->set_path("/");
  const SandboxNamespaces shared{"/proc/1/ns/ipc", "/proc/1/ns/uts", {}};
  const auto plan = plan_container(spec, {"/run/box", "/box"}, shared);
  if (plan.ok())
    check(plan.value());
  else
    require(!plan.error().message.empty());
  (void)check_resources(spec.linux().resources());
  return 0;
}
