// SPDX-License-Identifier: Apache-2.0
//
// Hooks that run in the agent's namespaces: those which the guest's image brings in a directory
// that the host names (guest_hook_path), and those of a container that come after its start and
// after its end.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/container/hooks.h"
#include "agent/signals.h"
#include "oci.pb.h"

namespace kata::agent {

// The programs of <directory>/{prestart,poststart,poststop} by name: regular files that somebody
// may execute, no links. What cannot be read is left out with a warning.
grpc::Hooks find_guest_hooks(const std::filesystem::path& directory);

// One after the other; a failure is a line in the log and the next one runs all the same, as the
// specification has it for poststart and poststop.
boost::asio::awaitable<void> run_late_hooks(Signals& signals, std::vector<HookPlan> hooks,
                                            std::string kind, std::string state);

}  // namespace kata::agent
