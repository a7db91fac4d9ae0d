// SPDX-License-Identifier: Apache-2.0
//
// Any OCI spec, rewritten for the guest: no crash, share ids are one path component, each share has
// its mount, and nothing of the host's namespaces is left, nor a hook that the host runs.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sandbox/guest_spec.h"

namespace {

using namespace kata::sandbox;

kata::Result<HostFile> host_file(const std::filesystem::path& path) {
  HostFile file;
  file.resolved = path;
  file.kind = static_cast<HostFile::Kind>(path.native().size() % 5);
  file.major = 1;
  file.minor = static_cast<std::uint32_t>(path.native().size() % 7);
  return file;
}

void require(bool held) {
  if (!held) std::abort();
}

void check(ContainerPlan plan) {
  require(!plan.shares.empty() && plan.shares.front().mount == -1);
  for (const PlannedShare& share : plan.shares) {
    require(share.request.id.size() < 200);
    require(share.request.id.find('/') == std::string::npos);
    require(share.mount < plan.spec.mounts_size());
    place(plan, share, "/guest");
  }
  grpc::Hooks hooks = plan.spec.hooks();
  hooks.clear_startcontainer();  // the guest's to run
  require(hooks.ByteSizeLong() == 0);
  for (const auto& space : plan.spec.linux().namespaces()) require(space.path().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t id_size = std::min<std::size_t>(data[0], size - 1);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  grpc::Spec spec;
  if (!spec.ParseFromString(std::string(bytes.substr(id_size)))) return 0;
  const ContainerHome home{std::string(bytes.substr(0, id_size)), "/bundle", "/rootfs", false};
  auto plan = spec_for_guest(std::move(spec), home, host_file);
  if (plan.ok()) check(plan.take());
  return 0;
}
