// SPDX-License-Identifier: Apache-2.0
//
// A network plugin made by hand, so that one thing of it can be wrong. KATA_PLUGIN makes right
// ones.
#pragma once

#include <string>

#include "kata/plugin/descriptor.h"
#include "kata/plugin/fingerprint.h"
#include "kata/plugin/network.h"

namespace raw {

inline void* create(const kata::plugin::Context& /*context*/, kata::Error& /*error*/) noexcept {
  return nullptr;
}
inline void destroy(void* /*instance*/) noexcept {}

}  // namespace raw

#define RAW_EXPORT extern "C" __attribute__((visibility("default"), used))

#define RAW_DESCRIPTOR(size, abi, fingerprint, create, destroy) \
  RAW_EXPORT const kata::plugin::Descriptor kata_plugin_v1 = {  \
      size,        abi,      KATA_INTERFACE_Network,            \
      fingerprint, "broken", "1.0.0",                           \
      "Broken",    "none",   "is broken",                       \
      nullptr,     0,        create,                            \
      destroy}

#define RAW_NOTE(fingerprint)                                                           \
  __attribute__((section(".kata.plugin"), used, retain)) static const char raw_note[] = \
      "interface=" KATA_INTERFACE_Network "\0fingerprint=" fingerprint                  \
      "\0name=broken\0version=1.0.0\0vendor=Broken\0license=none\0summary=is broken\0"

#define RAW_FINGERPRINT KATA_FINGERPRINT(Network)
