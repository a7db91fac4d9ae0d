// SPDX-License-Identifier: Apache-2.0
//
// Whether containers can run here, and what would have to change. Pure: from what was read of the
// host and of the configuration.
#pragma once

#include <string>
#include <vector>

#include "programs/kata-runtime/host_report.h"
#include "programs/kata-runtime/setup_report.h"

namespace kata::runtime {

struct Finding {
  enum class State { kOk, kSlower, kMissing };  // kMissing: no container can run
  State state = State::kOk;
  std::string name{};    // "kvm", "guest kernel"
  std::string detail{};  // what is the case
  std::string remedy{};  // empty for kOk
};

std::vector<Finding> check_findings(const HostReport& host, const SetupReport& setup);

// TOML for config.d/ that would make what is wrong work on this host; empty when nothing in the
// configuration is in the way.
std::string suggested_configuration(const HostReport& host, const SetupReport& setup);

}  // namespace kata::runtime
