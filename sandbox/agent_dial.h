// SPDX-License-Identifier: Apache-2.0
//
// A connection to the guest's agent, whichever way the hypervisor reaches it. The far end may not
// be up yet: tries again, from 10 ms growing to 500 ms, until the deadline.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "kata/plugin/hypervisor.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::sandbox {

// A serial line is connected as soon as the VMM listens; bytes wait there for the guest.
boost::asio::awaitable<Result<UniqueFd>> dial_agent(AgentAddress address, Deadline deadline);

}  // namespace kata::sandbox
