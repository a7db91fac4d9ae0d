// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a record below the run directory: a record within its rules, or an error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sandbox/store_records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto container = kata::sandbox::container_from_json(text, "container.json", "c1");
  if (container.ok()) {
    const auto& record = container.value();
    if (record.id != "c1" || !kata::sandbox::check_id(record.sandbox_id).ok() ||
        record.shim.pid < 0)
      std::abort();
    const auto again =
        kata::sandbox::container_from_json(kata::sandbox::to_json(record), "container.json", "c1");
    if (!again.ok() || !(again.value() == record)) std::abort();
  }
  const auto sandbox = kata::sandbox::sandbox_from_json(text, "sandbox.json", "c1");
  if (sandbox.ok() && (sandbox.value().proxy.pid < 0 || sandbox.value().vmm.pid < 0)) std::abort();
  return 0;
}
