// SPDX-License-Identifier: Apache-2.0
//
// A shell of the guest for whoever debugs it: one on a terminal of its own for each connection, or
// one on the guest's console. Off unless it is asked for: it has all the rights of the agent.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "agent/signals.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// The first of Kata's shells that the guest has; kNotFound, naming them, when it has none.
Result<std::string> find_shell();

// What the host's end learns of by itself: that a connection was closed. On an endless line it is
// told by kConsoleEnd (protocol/console_end.h), and hangs up.
enum class ConsoleLine { kConnection = 1, kEndless };

// Bytes both ways until the shell or its user goes. No shell: the reason is the only line.
boost::asio::awaitable<void> serve_console(Signals& signals, UniqueFd connection, ConsoleLine line);

// On /dev/console, again each time it ends, for the life of the loop.
boost::asio::awaitable<void> run_console_shell(Signals& signals);

}  // namespace kata::agent
