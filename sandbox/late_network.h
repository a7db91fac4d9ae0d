// SPDX-License-Identifier: Apache-2.0
//
// The network of a running sandbox after its start: engines configure a pod's namespace late, and
// links come and go. Follows the network plugin's descriptor, plugs and unplugs NICs, and tells the
// agent. What fails is logged and leaves the rest as it is: a network is no reason to end a guest.
//
// Threads: the loop's only; plugins are called on the PluginThread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <map>
#include <string>

#include "kata/plugin/hypervisor.h"
#include "kata/plugin/network.h"
#include "kata/plugin/network_changes.h"
#include "sandbox/agent_client.h"
#include "sandbox/event.h"
#include "sandbox/journal.h"
#include "sandbox/plugin_thread.h"

namespace kata::sandbox {

class LateNetwork {
 public:
  // All are lent until ended().
  struct Parts {
    PluginThread& plugins;
    Network& network;
    Hypervisor& hypervisor;
    AgentClient& agent;
    Journal& journal;
  };
  LateNetwork(boost::asio::any_io_executor loop, Parts parts);

  // Until stop(). Once; to be spawned.
  boost::asio::awaitable<void> follow();

  // Returns when what had changed by now is with the guest, or has failed; false: not by then.
  // Nothing more comes after stop(), which counts as settled.
  boost::asio::awaitable<bool> settled(Deadline deadline);

  // Nothing new is begun. A call to the agent that is under way ends when the agent is closed.
  void stop();
  boost::asio::awaitable<void> ended() { return ended_.wait(); }

 private:
  boost::asio::awaitable<Result<void>> open();
  boost::asio::awaitable<bool> changed();
  bool is_behind();
  boost::asio::awaitable<void> look_again();
  boost::asio::awaitable<void> apply(NetworkChange change);
  boost::asio::awaitable<void> unplug(std::string device_id);
  boost::asio::awaitable<void> plug(TapDevice tap);
  boost::asio::awaitable<void> set_up(const GuestInterface& interface);

  Parts parts_;
  NetworkChanges* source_ = nullptr;  // lent by the network
  boost::asio::posix::stream_descriptor changes_;
  Event ended_;
  bool stopping_ = false;
  bool at_work_ = true;  // with what the descriptor has told; false: it waits for more
  std::map<std::string, std::string> guest_addresses_{};  // of NICs plugged here, by device id
};

}  // namespace kata::sandbox
