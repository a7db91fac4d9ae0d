// SPDX-License-Identifier: Apache-2.0
//
// [hypervisor.mock] as values.
#pragma once

#include <filesystem>
#include <string_view>

#include "kata/result.h"

namespace kata::mock {

struct Settings {
  bool unsafe_no_vm = false;
  std::filesystem::path path{}, agent{};  // kata-mock-vm, and the agent that it runs
};

// `config_json` is already checked against the field table. Refuses what does not say
// unsafe_no_vm.
Result<Settings> parse_settings(std::string_view config_json);

}  // namespace kata::mock
