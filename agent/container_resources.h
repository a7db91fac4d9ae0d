// SPDX-License-Identifier: Apache-2.0
//
// What a host changes about a running container and asks of it: its limits, its use of them, and
// whether it runs at all. An unknown container is kInvalidArgument, as Kata's hosts expect.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string>

#include "agent/container_table.h"
#include "kata/result.h"

namespace grpc {
class LinuxResources;
class StatsContainerResponse;
}  // namespace grpc

namespace kata::agent {

Result<Container*> known_container(ContainerTable& containers, const std::string& id);

// Returns when every process stands still; when they do not within ten seconds, the container is
// thawed again and the result is kTimeout. kInternal for one that is paused or has stopped.
boost::asio::awaitable<Result<void>> pause_container(ContainerTable& containers, std::string id);

// kInternal for one that is not paused.
boost::asio::awaitable<Result<void>> resume_container(ContainerTable& containers, std::string id);

// Zero and empty fields leave what is. Device rules are not changed. The container's own
// specification remembers the new values.
Result<void> update_container(ContainerTable& containers, const std::string& id,
                              const grpc::LinuxResources& resources);

Result<grpc::StatsContainerResponse> container_stats(ContainerTable& containers,
                                                     const std::string& id);

// Writes the CPU lists of all containers again: processors that came late can be used from now on.
void refresh_cpusets(ContainerTable& containers);

// Its file with the last words for Kubernetes, 4096 bytes at most; empty when there is none.
Result<std::string> termination_log(ContainerTable& containers, const std::string& id);

}  // namespace kata::agent
