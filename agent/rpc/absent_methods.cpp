// SPDX-License-Identifier: Apache-2.0
//
// Methods of the protocol that this agent is built without: the answer is UNIMPLEMENTED and says
// what to do.
#include "agent.pb.h"
#include "agent/rpc/reply.h"

namespace kata::agent {
namespace {

template <class Request>
void refuse(ttrpc::Server& server, const char* method, const char* why) {
  handle_now<Request>(server, method, [why](const Request&) {
    return Result<void>(make_error(ErrorCode::kUnsupported, why));
  });
}

}  // namespace

void register_absent_methods(ttrpc::Server& server) {
  constexpr const char* kNoMemoryAgent =
      "this agent has no memory agent: switch it off in the host's configuration";
  refuse<grpc::ResizeVolumeRequest>(server, "ResizeVolume",
                                    "resize_volume is not implemented in kata-agent");
  refuse<grpc::SetPolicyRequest>(server, "SetPolicy",
                                 "this agent has no policy engine and allows every request: leave "
                                 "the policy out");
  refuse<grpc::MemAgentMemcgConfig>(server, "MemAgentMemcgSet", kNoMemoryAgent);
  refuse<grpc::MemAgentCompactConfig>(server, "MemAgentCompactSet", kNoMemoryAgent);
}

}  // namespace kata::agent
