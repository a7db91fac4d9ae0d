// SPDX-License-Identifier: Apache-2.0
//
// What an instance may ask of the host. [any]
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "kata/plugin/descriptor.h"

namespace kata::plugin_host {

// Log lines go to kata::log with the field plugin=<name>; a span is a pair of trace lines.
class HostServices final : public plugin::Host {
 public:
  explicit HostServices(std::string plugin) : plugin_(std::move(plugin)) {}

  void log(Level level, std::string_view message) noexcept override;
  std::uint64_t begin_span(std::string_view name) noexcept override;
  void end_span(std::uint64_t span) noexcept override;

 private:
  const std::string plugin_;
  std::atomic<std::uint64_t> last_span_ = 0;
};

}  // namespace kata::plugin_host
