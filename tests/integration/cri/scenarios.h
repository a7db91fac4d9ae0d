// SPDX-License-Identifier: Apache-2.0
//
// What a pod does, and what is seen of it: the same under every runtime handler.
#pragma once

#include <span>
#include <string>

#include "tests/integration/cri/daemon.h"

namespace kata::test {

struct Scenario {
  const char* name;
  std::string (*play)(const CriDaemon& daemon, const std::string& handler);  // what was seen
  const char* expected;
};

std::span<const Scenario> scenarios();

}  // namespace kata::test
