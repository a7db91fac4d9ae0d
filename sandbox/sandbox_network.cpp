// SPDX-License-Identifier: Apache-2.0
//
// A sandbox's network while it runs.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "sandbox/sandbox.h"

namespace kata::sandbox {

namespace asio = boost::asio;

void Sandbox::follow_network() {
  late_network_ = std::make_unique<LateNetwork>(
      loop_, LateNetwork::Parts{plugins_, *parts_.network, *parts_.hypervisor, *agent_, journal_});
  asio::co_spawn(loop_, late_network_->follow(), asio::detached);
}

asio::awaitable<bool> Sandbox::network_settled(Deadline deadline) {
  if (!late_network_) co_return true;
  co_return co_await late_network_->settled(deadline);
}

}  // namespace kata::sandbox
