// SPDX-License-Identifier: Apache-2.0
//
// A plugin's host that keeps no log and no span.
#pragma once

#include "kata/plugin/descriptor.h"

namespace kata::fakes {

class QuietHost final : public plugin::Host {
 public:
  void log(Level, std::string_view) noexcept override {}
  std::uint64_t begin_span(std::string_view) noexcept override { return 0; }
  void end_span(std::uint64_t) noexcept override {}
};

}  // namespace kata::fakes
