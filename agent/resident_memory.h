// SPDX-License-Identifier: Apache-2.0
//
// The agent's own footprint in the guest.
#pragma once

namespace kata::agent {

// Unmaps the program's code and constants; what is used again comes back from the page cache, a few
// pages at a time. Setting things up touches, and the kernel maps around, nearly all of it; serving
// streams needs a fraction. On a guest with a disk image the rest becomes reclaimable memory.
void release_setup_pages() noexcept;

}  // namespace kata::agent
