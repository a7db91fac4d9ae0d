// SPDX-License-Identifier: Apache-2.0
//
// What is on disk of sandboxes and containers, below the run directory (--root, default
// /run/kata-containers, 0700):
//
//   <root>/<container id>/container.json     one per OCI container; names its sandbox
//   <root>/<sandbox id>/sandbox.json         one per VM (for a single container the same
//                                            directory); written ahead of each side effect
//   <root>/<sandbox id>/sandbox.born.json    as sandbox.json was first; never changed, for cleaning
//                                            up when that is damaged
//   <root>/<sandbox id>/{proxy.sock,proxy.log}
//   <root>/<sandbox id>/{hv,net,fs}/         the plugins' state directories; short names, because
//                                            sockets in them have at most 107 bytes of path
//
// Files are replaced by write+fsync+rename: a reader sees the old or the new record. Processes are
// named by pid and start time. A verb that changes a container locks its directory (flock), and
// keeps it until it is done: another waits. Readers need no lock. Every look-up is one open(2): the
// cost does not grow with the number of sandboxes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "sandbox/host_cgroup.h"

namespace kata::sandbox {

struct ProcessRef {
  std::int32_t pid = 0;  // 0: none
  std::uint64_t start_time = 0;
  friend bool operator==(const ProcessRef&, const ProcessRef&) = default;
};

struct ContainerRecord {
  std::string id{}, sandbox_id{}, bundle{}, rootfs{};
  std::string status{};  // "creating" "created" "running" as last written; "stopped" follows from a
                         // dead shim
  std::string created{};  // RFC 3339, UTC, nanoseconds
  std::string owner{};    // user name, for `list`
  bool terminal = false;
  bool late_hooks = false;  // its bundle has hooks for after the start or after the end
  bool paused = false;      // by `pause`; `status` is what it will be again after `resume`
  ProcessRef shim{};        // its pid is the OCI pid
  ProcessRef creator{};     // who is "creating" it
  std::map<std::string, std::string> annotations{};
  friend bool operator==(const ContainerRecord&, const ContainerRecord&) = default;
};

struct SandboxRecord {
  std::string id{};
  std::string bundle{};            // that it was made for by a shim; empty: the container's tells
  std::string config_json{};       // config::config_to_json: the configuration it was born with
  std::string hostname{};          // of the guest: its first container's; empty: the id
  std::string netns{};             // path of the pod's network namespace; empty: none (yet)
  bool new_netns = false;          // the proxy makes one, and writes its path to netns
  std::vector<std::string> dns{};  // lines of the guest's resolv.conf
  SandboxCgroups cgroups{};        // of the host, made by the proxy
  std::uint64_t shm_bytes = 64U << 20;  // of the guest's /dev/shm
  ProcessRef proxy{}, vmm{};
  std::string failure{};                              // why the VM went, when the proxy saw it go
  std::map<std::string, std::string> plugin_state{};  // "hypervisor" → save_state()
  friend bool operator==(const SandboxRecord&, const SandboxRecord&) = default;
};

class Store {
 public:
  explicit Store(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const noexcept { return root_; }
  std::filesystem::path directory(std::string_view id) const { return root_ / id; }

  // Makes root and <root>/<id>, 0700, and locks it. kAlreadyExists when the id is taken: exactly
  // one of two racing callers wins.
  Result<UniqueFd> reserve(std::string_view id) const;

  // Until the descriptor and all its copies are closed, nobody else gets this container's lock.
  // kNotFound: there is no such directory; kTimeout: another verb has it still.
  Result<UniqueFd> lock(std::string_view id, Deadline deadline) const;
  Result<void> remove(
      std::string_view id) const;  // the whole directory, never across a mount; idempotent

  Result<ContainerRecord> load_container(
      std::string_view id) const;  // kNotFound: "container 'x' does not exist"
  Result<void> save(const ContainerRecord& record) const;
  Result<SandboxRecord> load_sandbox(std::string_view id) const;
  Result<void> save(const SandboxRecord& record) const;

  // The first record of a sandbox, with a copy for the day when the record is damaged.
  Result<void> save_at_birth(const SandboxRecord& record) const;
  // For cleaning up: the copy where the record cannot be used. It names no process and no state of
  // a plugin. An error is the record's.
  Result<SandboxRecord> load_sandbox_or_birth(std::string_view id) const;
  Result<std::vector<std::string>> container_ids() const;  // sorted

 private:
  Result<SandboxRecord> load_sandbox_from(std::string_view id, const char* name) const;

  std::filesystem::path root_;
};

// runc's rule: [A-Za-z0-9_+.-]+, 1 to 1024 characters, not "." or "..".
Result<void> check_id(std::string_view id);

// The process is alive and is the recorded one.
bool is_alive(const ProcessRef& process);

}  // namespace kata::sandbox
