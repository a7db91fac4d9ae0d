// SPDX-License-Identifier: Apache-2.0
//
// A network plugin that is right, for plugins that are wrong in what they do.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kata/plugin/export.h"
#include "kata/plugin/network.h"

namespace broken {

class GoodNetwork : public kata::Network {
 public:
  kata::Result<void> check_host() override { return {}; }
  kata::Result<kata::NetworkPlan> attach(const kata::NetworkSpec& /*spec*/) override {
    return kata::NetworkPlan{};
  }
  kata::Result<void> detach() override { return {}; }
  kata::Result<std::string> save_state() const override { return std::string("saved"); }
};

constexpr kata::plugin::ConfigField kConfig[] = {
    {"path", "path", "\"/bin/true\"", "A program."},
    {"speed", "integer", "3", "How fast."},
    {"names", "string[]", "[\"a\"]", "Some names."},
};

}  // namespace broken
