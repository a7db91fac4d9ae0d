// SPDX-License-Identifier: Apache-2.0
//
// The verb `start`: a shim that serves a new sandbox, or the one that serves the pod already.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "programs/containerd-shim-kata-v2/options.h"
#include "sandbox/placement.h"

namespace kata::shim_v2 {

// Of the shim that is started.
inline constexpr int kSocketFd = 3, kBirthFd = 4;

// From the annotations in config.json of the bundle: which sandbox the container belongs to. A
// bundle without one is a sandbox's.
Result<sandbox::Placement> placement_of_bundle(const std::filesystem::path& bundle,
                                               const std::string& id);

inline constexpr std::string_view kAddressScheme = "unix://";

// "unix:///run/containerd/s/<hash>": the same for all containers of a sandbox.
std::string socket_address(const Options& options, const std::string& sandbox_id);
std::filesystem::path socket_path(std::string_view address);

// What containerd of this version reads from `start`: the address alone, or from version 3 on JSON.
std::string bootstrap_text(const std::string& address, unsigned max_version);

struct Started {
  std::string printed{};  // for containerd
  std::string address{};  // as it is in `printed`
  UniqueFd birth{};       // of a shim that is new, to be told when that has been printed
};

// In the bundle's directory.
Result<Started> start(const Options& options, const Environment& environment);

// By a new shim that nobody knows: takes back what start() wrote into the bundle, the working
// directory. What another one has written there since stays.
void take_back_start(const std::string& address);

}  // namespace kata::shim_v2
