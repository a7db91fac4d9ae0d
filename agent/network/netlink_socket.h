// SPDX-License-Identifier: Apache-2.0
//
// A conversation with the kernel's rtnetlink, in the network namespace of the calling thread. The
// kernel answers within the call that asks it, so that nothing here waits for others.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "agent/network/netlink_message.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// Takes the payload of one message of a dump.
using TakeEntry = std::function<Result<void>(std::string_view payload)>;

struct DumpState {
  bool complete = false;
  bool interrupted = false;  // something changed meanwhile: ask again
};

// Reads one datagram of a dump. Messages of other sequences are skipped.
Result<void> read_dump(std::string_view datagram, std::uint32_t sequence, std::uint16_t type,
                       const TakeEntry& take, DumpState& state);

class NetlinkSocket {
 public:
  static Result<NetlinkSocket> open();

  // Sends a request and waits for what became of it. An error carries the kernel's errno.
  Result<void> change(MessageBuilder& request);

  // All entries of a kind: `request` is of an RTM_GET* type, `type` is the answers'.
  // `begin` is called before the first entry, and again when the dump must be repeated.
  Result<void> dump(MessageBuilder& request, std::uint16_t type, const std::function<void()>& begin,
                    const TakeEntry& take);

 private:
  explicit NetlinkSocket(UniqueFd fd) : fd_(std::move(fd)), buffer_(kBuffer) {}
  static constexpr std::size_t kBuffer = 32768;  // the kernel makes no larger part of a dump

  Result<std::uint32_t> send(MessageBuilder& request, std::uint16_t flags);
  Result<std::string_view> receive();

  UniqueFd fd_;
  std::uint32_t sequence_ = 0;
  std::vector<char> buffer_;
};

}  // namespace kata::agent
