// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kata::runtime {

// The config.json that `spec` writes: a shell on a terminal with few capabilities, in namespaces of
// its own, on the bundle's rootfs/ read-only.
std::string default_spec();

}  // namespace kata::runtime
