// SPDX-License-Identifier: Apache-2.0
//
// The pipe between `start` and the shim that it leaves behind. containerd knows of the shim when
// `start` has printed the address and ended well; a `start` that is killed before leaves a shim
// that nobody will ever call, which must go by itself.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::shim_v2 {

struct BirthPipe {
  UniqueFd shims_end{}, starts_end{};
};
Result<BirthPipe> make_birth_pipe();

// By `start`, last of all.
Result<void> tell_that_it_is_known(int starts_end);

// By the shim. False: `start` has ended without saying so.
boost::asio::awaitable<bool> becomes_known(UniqueFd shims_end);

}  // namespace kata::shim_v2
