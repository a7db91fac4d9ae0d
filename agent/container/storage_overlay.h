// SPDX-License-Identifier: Apache-2.0
//
// The storage driver "overlayfs": layers that lie in the guest already, stacked.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kata/result.h"

namespace grpc {
class Storage;
}

namespace kata::agent {

struct OverlayPlan {
  std::vector<std::string> options{};  // of the mount
  bool writable = false;               // it needs an upper directory of the agent's
};

// Makes the directories that driver_options ask for.
Result<OverlayPlan> plan_overlay(const grpc::Storage& storage);

// Adds <scratch>/upper and <scratch>/work, which are made, as the writable layer.
Result<void> add_upper_layer(OverlayPlan& plan, const std::filesystem::path& scratch);

}  // namespace kata::agent
