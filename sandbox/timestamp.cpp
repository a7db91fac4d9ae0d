// SPDX-License-Identifier: Apache-2.0
#include "sandbox/timestamp.h"

#include <cstdio>
#include <ctime>

namespace kata::sandbox {

std::string timestamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                now.tv_nsec);
  return text;
}

}  // namespace kata::sandbox
