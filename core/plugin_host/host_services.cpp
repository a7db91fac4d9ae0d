// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/host_services.h"

#include <algorithm>

#include "core/base/log.h"

namespace kata::plugin_host {

void HostServices::log(Level level, std::string_view message) noexcept {
  const int number = std::clamp(static_cast<int>(level), static_cast<int>(log::Level::kTrace),
                                static_cast<int>(log::Level::kError));
  log::write(static_cast<log::Level>(number), message, {{"plugin", plugin_}});
}

std::uint64_t HostServices::begin_span(std::string_view name) noexcept {
  const std::uint64_t span = ++last_span_;
  log::write(log::Level::kTrace, name, {{"plugin", plugin_}, {"span", std::to_string(span)}});
  return span;
}

void HostServices::end_span(std::uint64_t span) noexcept {
  log::write(log::Level::kTrace, "end of span",
             {{"plugin", plugin_}, {"span", std::to_string(span)}});
}

}  // namespace kata::plugin_host
