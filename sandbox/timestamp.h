// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kata::sandbox {

// The wall clock as RFC 3339 in UTC with nanoseconds: "2026-11-24T00:08:33.000000001Z".
std::string timestamp();

}  // namespace kata::sandbox
