// SPDX-License-Identifier: Apache-2.0
//
// Times as containerd's messages have them.
#pragma once

#include <chrono>

#include "containerd/values.pb.h"

namespace kata::shim_v2 {

inline containerd::Timestamp now() {
  using namespace std::chrono;
  const auto since = system_clock::now().time_since_epoch();
  containerd::Timestamp time;
  time.set_seconds(floor<seconds>(since).count());
  time.set_nanos(
      static_cast<std::int32_t>(duration_cast<nanoseconds>(since - floor<seconds>(since)).count()));
  return time;
}

// Go's time before all times, which containerd takes for "not yet".
inline containerd::Timestamp never() {
  containerd::Timestamp time;
  time.set_seconds(-62135596800);
  return time;
}

}  // namespace kata::shim_v2
