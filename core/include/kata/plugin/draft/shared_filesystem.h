// SPDX-License-Identifier: Apache-2.0
//
// kata.shared-filesystem/1: host directories and files, visible in the guest. DRAFT.
//
// An instance made over a state_dir that a killed predecessor left, with or without its
// saved_state, can stop() what it finds there: its mounts and its process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kata/plugin/device.h"
#include "kata/result.h"

namespace kata {

struct GuestMount {  // what the agent mounts, once, before any container
  std::string driver{}, source{}, fstype{};
  std::vector<std::string> options{};
  std::filesystem::path mount_point{};
};
struct SharedFilesystemNeeds {  // checked against the hypervisor and memory_dedup before bring-up
  bool shared_memory = false;   // of the guest, for a vhost-user device
  bool plan9 = false;           // a 9p server in the VMM
};
struct StartedShare {
  Device device{};           // for the hypervisor
  GuestMount guest_mount{};  // for the agent
};
struct ShareRequest {
  std::string id{};                   // one path component: [A-Za-z0-9_.-]+
  std::filesystem::path host_path{};  // a directory or a file; resolved by the caller
  bool read_only = false;
};
struct Share {
  std::string id{};
  std::filesystem::path guest_path{};
};

class SharedFilesystem {
 public:
  virtual ~SharedFilesystem() = default;
  virtual SharedFilesystemNeeds needs() const = 0;  // [any] constant
  virtual Result<void> check_host() = 0;
  virtual Result<StartedShare> start(
      Deadline deadline) = 0;  // the socket is listening when this returns
  virtual Result<Share> share(
      const ShareRequest& request) = 0;  // before or after boot; same id twice: kAlreadyExists
  virtual Result<void> unshare(std::string_view share_id) = 0;  // idempotent
  virtual Result<void> stop(Deadline deadline) = 0;  // idempotent; leaves no mount and no process
  virtual Result<std::string> wait() = 0;  // [waiter] until the server is gone; why, in one line
  virtual Result<std::string> save_state() const = 0;
  virtual void* extension(std::string_view /*id*/) noexcept { return nullptr; }
};

}  // namespace kata
