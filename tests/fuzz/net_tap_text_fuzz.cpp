// SPDX-License-Identifier: Apache-2.0
//
// The texts that the tap network plugin reads: its saved state and its settings. Needs
// kata::net_tap.
#include <cstdlib>
#include <string>

#include "plugins/net-tap/saved_state.h"
#include "plugins/net-tap/settings.h"

using namespace kata::tap;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)parse_settings(text);
  const auto state = state_from_json(text);
  if (state.ok() && state_from_json(to_json(state.value())).value() != state.value()) std::abort();
  return 0;
}
