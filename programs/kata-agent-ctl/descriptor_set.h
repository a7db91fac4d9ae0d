// SPDX-License-Identifier: Apache-2.0
//
// The agent's .proto files as protoc describes them, with comments: made by embed.cmake.
#pragma once

#include <cstddef>

namespace kata::agentctl {

extern const unsigned char kDescriptorSet[];
extern const std::size_t kDescriptorSetSize;

}  // namespace kata::agentctl
