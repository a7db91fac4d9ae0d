// SPDX-License-Identifier: Apache-2.0
//
// The footprint of a process that did much to set something up and then mostly waits.
#pragma once

namespace kata {

// Unmaps the code and constants of the program and of every library it has loaded; what is used
// again comes back from the page cache, a few pages at a time. Setting things up touches, and the
// kernel maps around, nearly all of it; serving needs a fraction. [any]
void release_setup_pages() noexcept;

}  // namespace kata
