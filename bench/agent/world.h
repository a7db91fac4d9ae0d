// SPDX-License-Identifier: Apache-2.0
//
// A throw-away world for agents and their peers: namespaces of their own for pids, mounts and the
// network, an empty /run, and no cgroup2 beside v1, which crun refuses. What a bench leaves behind,
// even when it is killed, goes with it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace kata::bench {

struct World {
  std::filesystem::path directory{};  // empty, short enough for sockets
  std::string cgroup{};               // "/kata-bench-<pid>": put every cgroup below it
};

// Runs `bench` there, as pid 1; returns its exit code. Needs root and a process without threads.
int in_throw_away_world(const std::function<int(const World&)>& bench);

}  // namespace kata::bench
