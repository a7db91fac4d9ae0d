// SPDX-License-Identifier: Apache-2.0
//
// The way to a sandbox's proxy, and through it to the agent.
#pragma once

#include <chrono>
#include <string>

#include "kata/result.h"
#include "protocol/ttrpc/blocking_client.h"
#include "sandbox/store.h"

namespace kata::runtime {

inline constexpr const char* kSandboxService = "kata.sandbox.Sandbox";
inline constexpr const char* kAgentService = "grpc.AgentService";

inline Deadline in(std::chrono::nanoseconds time) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(time);
}

std::filesystem::path proxy_socket(const sandbox::Store& store, const std::string& sandbox_id);

// When nobody listens, the error says why the sandbox is gone and what to do.
Result<ttrpc::BlockingClient> connect_to_sandbox(const sandbox::Store& store,
                                                 const std::string& sandbox_id);

// Why the sandbox is gone, in a few words; empty while its proxy lives and has nothing to report.
std::string loss_of_sandbox(const sandbox::Store& store, const std::string& sandbox_id);

// kFailedPrecondition: "container 'x' is stopped: <needed>", and why if its sandbox is lost.
Error wrong_status(const sandbox::Store& store, const sandbox::ContainerRecord& record,
                   const std::string& needed);

// `error` came from a call: when the connection was lost, adds why the sandbox is gone.
Error explain(Error error, const sandbox::Store& store, const std::string& sandbox_id);

}  // namespace kata::runtime
