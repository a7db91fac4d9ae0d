// SPDX-License-Identifier: Apache-2.0
//
// Files and filesystems of the guest.
#include "agent.pb.h"
#include "agent/copy_file.h"
#include "agent/rpc/reply.h"
#include "agent/volumes.h"

namespace kata::agent {
namespace {

Result<void> update_mounts(Sandbox& sandbox, const grpc::UpdateEphemeralMountsRequest& request) {
  for (const auto& storage : request.storages()) KATA_TRY(sandbox.storages().update(storage), "");
  return {};
}

}  // namespace

void register_file_methods(ttrpc::Server& server, Sandbox& sandbox) {
  handle_now<grpc::CopyFileRequest>(server, "CopyFile",
                                    [&sandbox](const grpc::CopyFileRequest& request) {
                                      return copy_file(sandbox.share_directory(), request);
                                    });
  handle_now<grpc::UpdateEphemeralMountsRequest>(
      server, "UpdateEphemeralMounts",
      [&sandbox](const grpc::UpdateEphemeralMountsRequest& request) {
        return update_mounts(sandbox, request);
      });
  handle_now<grpc::RemoveStaleVirtiofsShareMountsRequest>(
      server, "RemoveStaleVirtiofsShareMounts",
      [&sandbox](const grpc::RemoveStaleVirtiofsShareMountsRequest&) {
        drop_stale_mounts(sandbox.share_directory());
        return Result<void>();
      });
  answer_now<grpc::VolumeStatsRequest, grpc::VolumeStatsResponse>(
      server, "GetVolumeStats", [](const grpc::VolumeStatsRequest& request) {
        return volume_stats(request.volume_guest_path());
      });
}

}  // namespace kata::agent
