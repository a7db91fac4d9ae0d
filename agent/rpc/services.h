// SPDX-License-Identifier: Apache-2.0
//
// The agent's ttRPC services, grpc.AgentService and grpc.Health: one file for each group of
// methods. A handler unpacks its request, calls the part that does the work, and packs the reply;
// a method that is not registered answers UNIMPLEMENTED.
#pragma once

#include <chrono>
#include <functional>

#include "agent/config.h"
#include "agent/modules.h"
#include "agent/sandbox.h"
#include "protocol/ttrpc/server.h"

namespace kata::agent {

inline constexpr const char* kAgentService = "grpc.AgentService";

// grpc.AgentService. Everything is borrowed for the life of the server. `on_destroyed` is called
// before the reply to DestroySandbox is sent.
void register_services(ttrpc::Server& server, Sandbox& sandbox, ModuleLoader& modules,
                       const AgentConfig& config, bool is_init, std::function<void()> on_destroyed);

void register_container_methods(ttrpc::Server& server, Sandbox& sandbox);
void register_process_methods(ttrpc::Server& server, Sandbox& sandbox);
void register_stream_methods(ttrpc::Server& server, Sandbox& sandbox);
void register_guest_methods(ttrpc::Server& server, bool is_init);
void register_network_methods(ttrpc::Server& server, ModuleLoader& modules,
                              std::chrono::seconds hotplug_timeout);
void register_resource_methods(ttrpc::Server& server, Sandbox& sandbox);
void register_event_methods(ttrpc::Server& server, Sandbox& sandbox);
void register_hotplug_methods(ttrpc::Server& server, Sandbox& sandbox);
void register_file_methods(ttrpc::Server& server, Sandbox& sandbox);
void register_iptables_methods(ttrpc::Server& server, Sandbox& sandbox);
void register_absent_methods(ttrpc::Server& server);
// `on_check` is called before the reply to Check is sent.
void register_health(ttrpc::Server& server, std::function<void()> on_check);

}  // namespace kata::agent
