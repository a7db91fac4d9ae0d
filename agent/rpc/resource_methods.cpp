// SPDX-License-Identifier: Apache-2.0
//
// What containers may use, what they do use, and whether they run.
#include "agent.pb.h"
#include "agent/container_resources.h"
#include "agent/rpc/reply.h"

namespace kata::agent {

void register_resource_methods(ttrpc::Server& server, Sandbox& sandbox) {
  ContainerTable& containers = sandbox.containers();
  handle_now<grpc::UpdateContainerRequest>(
      server, "UpdateContainer", [&containers](const grpc::UpdateContainerRequest& request) {
        return update_container(containers, request.container_id(), request.resources());
      });
  answer_now<grpc::StatsContainerRequest, grpc::StatsContainerResponse>(
      server, "StatsContainer", [&containers](const grpc::StatsContainerRequest& request) {
        return container_stats(containers, request.container_id());
      });
  handle_empty<grpc::PauseContainerRequest>(
      server, "PauseContainer", [&containers](const grpc::PauseContainerRequest& request) {
        return pause_container(containers, request.container_id());
      });
  handle_empty<grpc::ResumeContainerRequest>(
      server, "ResumeContainer", [&containers](const grpc::ResumeContainerRequest& request) {
        return resume_container(containers, request.container_id());
      });
}

}  // namespace kata::agent
