// SPDX-License-Identifier: Apache-2.0
//
// Everything a QMP peer can send, in pieces of any size: no crash, no endless buffer.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "qmp_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  kata::qemu::QmpDecoder decoder;
  while (!bytes.empty()) {
    decoder.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      const auto message = decoder.next();
      if (!message.ok()) return 0;
      if (!message.value()) break;
    }
  }
  return 0;
}
