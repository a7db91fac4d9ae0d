// SPDX-License-Identifier: Apache-2.0
//
// One call to the agent of a container's sandbox, for verbs that make no other.
#pragma once

#include "kata/concat.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "protocol/agent.pb.h"

namespace kata::runtime {

// When the sandbox is gone the error says why; when its agent cannot do it, the agent's reason.
Error explain_agent(Error error, const sandbox::Store& store, const std::string& sandbox_id,
                    const char* method);

template <class Response = grpc::Empty, class Request>
Result<Response> ask_agent(const sandbox::Store& store, const std::string& sandbox_id,
                           const char* method, const Request& request,
                           std::chrono::nanoseconds time) {
  auto client = KATA_TRY(connect_to_sandbox(store, sandbox_id), "");
  auto reply = ttrpc::call<Response>(client, kAgentService, method, request, in(time));
  if (reply.ok()) return reply;
  return explain_agent(std::move(reply).error(), store, sandbox_id, method);
}

}  // namespace kata::runtime
