// SPDX-License-Identifier: Apache-2.0
//
// kata.shared-filesystem/1: host directories and files, visible in the guest. FROZEN: see ABI.lock.
//
// Order: start, (share | unshare)*, stop; the VM starts after start and has ended before stop. An
// instance made over a state_dir that a killed predecessor left, with or without its saved_state,
// can stop() what it finds there: its mounts and its process. Threads: one call at a time but for
// the tags, descriptor.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kata/plugin/device.h"
#include "kata/plugin/outcome.h"

namespace kata {

struct GuestMount {  // what the agent mounts, once, before any container: its Storage
  std::string driver{}, source{}, fstype{};
  std::vector<std::string> options{};
  std::filesystem::path mount_point{};
};
struct SharedFilesystemNeeds {  // checked against the hypervisor and memory_dedup before bring-up
  bool shared_memory = false;   // of the guest, for a vhost-user device
  bool plan9 = false;           // a 9p server in the VMM
  bool host_files = false;      // a guest that sees the host's files
};
struct StartedShare {
  std::optional<Device> device{};  // for the hypervisor; nothing: the guest needs none
  GuestMount guest_mount{};        // for the agent
};
struct ShareRequest {
  std::string id{};                   // one path component: [A-Za-z0-9_.-]+
  std::filesystem::path host_path{};  // a directory or a file; resolved by the caller
  bool read_only = false;
};
struct Share {
  std::string id{};
  std::filesystem::path guest_path{};  // absolute, in the guest
};

class SharedFilesystem {
 public:
  virtual ~SharedFilesystem() = default;

  virtual SharedFilesystemNeeds needs() const = 0;  // [any] constant for an instance
  virtual Result<void> check_host() = 0;  // why it cannot run here: the error; no side effect

  // The device's socket is listening when this returns. Once.
  virtual Result<StartedShare> start(Deadline deadline) = 0;

  // Before or after boot; waits neither for the guest nor for a server. kAlreadyExists: a share of
  // this id is there. kInvalidArgument: that is no id. kNotFound: no such path.
  virtual Result<Share> share(const ShareRequest& request) = 0;
  virtual Result<void> unshare(std::string_view share_id) = 0;  // idempotent

  // Leaves no mount and no process. Idempotent.
  virtual Result<void> stop(Deadline deadline) = 0;

  // [waiter] Until nothing serves the share any more: the server's process is gone, or stop was
  // called. Why, in one line.
  virtual Result<std::string> wait() = 0;

  // For a later instance that stops: text that only the plugin understands.
  virtual Result<std::string> save_state() const = 0;

  // See extension.h.
  virtual void* extension(std::string_view /*id*/) noexcept { return nullptr; }
};

}  // namespace kata
