// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as configuration.toml, and as the stored JSON of one. What is accepted must survive its
// own printed form and its own stored form.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/config/compose.h"
#include "core/config/document.h"
#include "core/config/print.h"

namespace {

using kata::config::Config;

kata::Result<Config> config_of(std::string_view text) {
  return kata::config::compose(KATA_TRY(kata::config::parse_toml(text, "c.toml"), ""));
}

void check_error(const kata::Error& error) {
  if (error.message.empty()) std::abort();
}

void check_round_trips(const Config& config) {
  const std::string json = kata::config::config_to_json(config);
  const auto stored = kata::config::config_from_json(json);
  if (!stored.ok() || kata::config::config_to_json(stored.value()) != json) std::abort();
  const auto printed = config_of(kata::config::print_effective(config));
  if (!printed.ok() || printed.value().effective.size() != config.effective.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto config = config_of(text); config.ok())
    check_round_trips(config.value());
  else
    check_error(config.error());
  if (const auto stored = kata::config::config_from_json(text); !stored.ok())
    check_error(stored.error());
  return 0;
}
