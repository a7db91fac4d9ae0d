// SPDX-License-Identifier: Apache-2.0
//
// The texts that the KSM plugin reads: its record of the host's settings, its configuration,
// meminfo, pressure and stat. Needs kata::ksm.
#include <cstdlib>
#include <string>

#include "plugins/ksm-throttler/host_load.h"
#include "plugins/ksm-throttler/host_settings.h"
#include "plugins/ksm-throttler/settings.h"

using namespace kata::ksm;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// Each key becomes the name of a file that root writes to.
void check_record(const std::string& text) {
  const auto settings = parse_saved_settings(text);
  if (!settings.ok()) return;
  for (const SavedSetting& setting : settings.value())
    check(!setting.key.empty() && setting.key.find_first_of("/.") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_record(text);
  const auto settings = parse_settings(text);
  if (settings.ok()) check(settings.value().ladder.slow_pace.divisor > 0);
  (void)parse_anonymous_kib(text);
  (void)parse_pressure(text);
  (void)parse_cpu_ticks(text);
  return 0;
}
