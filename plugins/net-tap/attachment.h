// SPDX-License-Identifier: Apache-2.0
//
// One link joined to one tap, and the way back.
#pragma once

#include <netlink/netlink.h>

#include <string>
#include <vector>

#include "kata/result.h"
#include "link.h"
#include "tap_device.h"

namespace kata::tap {

// Enough to undo, in another process, what was done, and nothing that is somebody else's by then:
// indices and inodes are used again, random MAC addresses are not.
struct Attachment {
  std::string link{};  // for messages
  int link_index = 0;
  std::string link_mac{};
  std::string tap{};
  int tap_index = 0;
  std::string
      tap_mac{};  // empty: a macvtap, whose MAC follows the link's and whose index is random
  bool mirrored = false;  // the link's ingress qdisc is ours
  bool limited = false;   // the link's root qdisc is ours
  std::string device{};   // id of the guest's NIC
  friend bool operator==(const Attachment&, const Attachment&) = default;
};

Attachment attachment_of(const Link& link, const Tap& tap, std::string device);

// Mirrors frames both ways. `attachment.mirrored` is true as soon as there is something to undo.
Result<void> join(nl_sock& socket, Attachment& attachment);

// In the calling thread's namespace, last made first. Goes on after a failure and returns the
// first.
Result<void> undo(nl_sock& socket, const std::vector<Attachment>& attachments);

}  // namespace kata::tap
