// SPDX-License-Identifier: Apache-2.0
//
// What kata-ksm-throttler and kata-ksm-throttler-asleep tell each other by the environment.
#pragma once

namespace kata::throttler {

// "LOCK LISTENER WATCH MEMORY": descriptors, in decimal; WATCH may be -1.
inline constexpr const char* kDescriptorsVariable = "KATA_KSM_THROTTLER_DESCRIPTORS";
inline constexpr const char* kSocketVariable = "KATA_KSM_THROTTLER_SOCKET";

}  // namespace kata::throttler
