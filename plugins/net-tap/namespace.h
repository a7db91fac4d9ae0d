// SPDX-License-Identifier: Apache-2.0
//
// Network namespaces: opened once and judged by the descriptor, so that what was checked is what is
// entered. Work inside one runs on a thread of its own; the caller's thread never moves.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::tap {

struct NetworkNamespace {
  UniqueFd fd{};
  std::uint64_t inode = 0;
};

// Symbolic links are followed, as /proc/PID/ns/net and /var/run/netns/NAME need it. A file that is
// no network namespace is kInvalidArgument and is not even opened for reading.
Result<NetworkNamespace> open_namespace(const std::filesystem::path& path);

// Refuses the namespace of the host (process 1) and of the calling process and thread. It is an
// error, too, when they cannot be told apart.
Result<void> refuse_host_namespace(const NetworkNamespace& candidate);

// Whether process 1 is in `space`, without the right to look at process 1: netlink gives its
// namespace a number in a fresh namespace, and says which number `space` has there.
Result<bool> holds_process_1(const NetworkNamespace& space);

// Runs `work` on a new thread inside `space`, or inside a fresh one that goes with the thread, and
// returns when it has ended.
Result<void> run_inside(const NetworkNamespace& space, const std::function<Result<void>()>& work);
Result<void> run_in_fresh_namespace(const std::function<Result<void>()>& work);

}  // namespace kata::tap
