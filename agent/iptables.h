// SPDX-License-Identifier: Apache-2.0
//
// The guest's packet filter, through the programs of iptables when its image has them.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>

#include "agent/signals.h"
#include "kata/result.h"

namespace kata::agent {

enum class IpFamily { kV4 = 1, kV6 };

// The rules as iptables-save prints them. kUnsupported when the guest has no such program.
boost::asio::awaitable<Result<std::string>> save_iptables(Signals& signals, IpFamily family);

// Replaces the tables that `rules` names; what iptables-restore says when it refuses is the error.
boost::asio::awaitable<Result<std::string>> restore_iptables(Signals& signals, IpFamily family,
                                                             std::string rules);

}  // namespace kata::agent
