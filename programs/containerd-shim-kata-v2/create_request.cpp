// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/create_request.h"

#include <filesystem>

#include "kata/concat.h"
#include "sandbox/timestamp.h"

namespace kata::shim_v2 {

Result<void> check_create_request(const containerd::task::CreateTaskRequest& request) {
  KATA_TRY(sandbox::check_id(request.id()), "");
  if (!std::filesystem::path(request.bundle()).is_absolute())
    return make_error(ErrorCode::kInvalidArgument,
                      concat("bundle '", request.bundle(), "': expected an absolute path"));
  if (!request.checkpoint().empty())
    return make_error(ErrorCode::kUnsupported,
                      "a container cannot be restored from a checkpoint: a VM's state is not "
                      "what CRIU writes");
  return {};
}

sandbox::Placement placement_beside(sandbox::Placement placed,
                                    const StandaloneSandbox* standalone) {
  if (standalone == nullptr || !placed.new_sandbox) return placed;
  return {standalone->id, false};
}

Result<void> check_placement(const sandbox::Placement& placement, const std::string& present) {
  if (placement.new_sandbox && !present.empty())
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("this shim serves sandbox '", present, "' already"));
  if (!placement.new_sandbox && present != placement.sandbox_id)
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("sandbox '", placement.sandbox_id, "' is not running in this shim"));
  return {};
}

StdioRequest stdio_of(const containerd::task::CreateTaskRequest& request) {
  StdioRequest stdio;
  stdio.terminal = request.terminal();
  stdio.in = request.stdin();
  stdio.out = request.stdout();
  stdio.err = request.stderr();
  return stdio;
}

std::vector<RootfsMount> rootfs_of(const containerd::task::CreateTaskRequest& request) {
  std::vector<RootfsMount> mounts;
  for (const containerd::Mount& mount : request.rootfs())
    mounts.push_back({mount.type(),
                      mount.source(),
                      mount.target(),
                      {mount.options().begin(), mount.options().end()}});
  return mounts;
}

sandbox::ContainerRecord record_of(const containerd::task::CreateTaskRequest& request,
                                   const sandbox::Bundle& bundle, const grpc::Spec& spec) {
  sandbox::ContainerRecord record;
  record.id = request.id();
  record.bundle = bundle.directory;
  record.rootfs = bundle.rootfs;
  record.status = "creating";
  record.created = sandbox::timestamp();
  record.owner = "root";
  record.terminal = request.terminal();
  record.late_hooks = !spec.hooks().poststart().empty() || !spec.hooks().poststop().empty();
  record.annotations = {spec.annotations().begin(), spec.annotations().end()};
  return record;
}

}  // namespace kata::shim_v2
