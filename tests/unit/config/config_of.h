// SPDX-License-Identifier: Apache-2.0
//
// TOML text → Config, as if it were the file "c.toml".
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "core/config/compose.h"
#include "core/config/document.h"
#include "kata/concat.h"

namespace kata::config {

inline Result<Config> config_of(std::string_view text) {
  return compose(KATA_TRY(parse_toml(text, "c.toml"), ""));
}

// The message of the error; a configuration that is accepted fails the test.
inline std::string refusal_of(std::string_view text) {
  const auto config = config_of(text);
  REQUIRE_FALSE(config.ok());
  return config.error().message;
}

inline Config accepted(std::string_view text) {
  auto config = config_of(text);
  REQUIRE_MESSAGE(config.ok(), config.error().message);
  return config.take();
}

}  // namespace kata::config
