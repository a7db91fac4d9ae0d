// SPDX-License-Identifier: Apache-2.0
#include "sandbox/settling.h"

#include <malloc.h>

#include <chrono>

#include "core/base/resident_memory.h"

namespace kata::sandbox {

namespace {
// Who asked for the start asks about it next, and a container may have ended by then.
constexpr std::chrono::seconds kQuiet{1};
}  // namespace

void Settling::begin() {
  quiet_.expires_after(kQuiet);
  quiet_.async_wait([](const boost::system::error_code& begun_again) {
    if (begun_again) return;
    ::malloc_trim(0);
    release_setup_pages();
  });
}

}  // namespace kata::sandbox
