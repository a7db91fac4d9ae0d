// SPDX-License-Identifier: Apache-2.0
//
// The containers of a sandbox and their processes, found by the ids that the host uses. An empty
// exec id, and the container's own id, mean the init process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/bundle.h"
#include "agent/container/launch.h"
#include "agent/container/storage.h"
#include "agent/devices/pci_addresses.h"
#include "agent/process.h"
#include "agent/stored_spec.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// References to the storages of one container, dropped with it, last first.
class StorageReferences {
 public:
  explicit StorageReferences(StorageTable& table) : table_(&table) {}
  StorageReferences(StorageReferences&& other) noexcept = default;
  StorageReferences& operator=(StorageReferences&&) = delete;
  ~StorageReferences();

  Result<void> add(const grpc::Storage& storage);

 private:
  StorageTable* table_;
  std::vector<std::string> mount_points_{};
};

// Destroyed only when its processes are gone: the members then undo the mounts in reverse order.
struct Container {
  Container(std::string container_id, StorageReferences references, Bundle root_bundle)
      : id(std::move(container_id)),
        storages(std::move(references)),
        bundle(std::move(root_bundle)) {}

  std::string id;
  StorageReferences storages;
  Bundle bundle;
  ContainerPaths paths{};
  StoredSpec spec{};
  UniqueFd start_gate{};         // open until StartContainer
  PciAddresses pci_addresses{};  // of devices that were handed through
  std::shared_ptr<Process> init{};
  std::map<std::string, std::shared_ptr<Process>> execs{};
};

class ContainerTable {
 public:
  // Null when there is none.
  Container* find(const std::string& id) noexcept;
  bool has(const std::string& id) const { return containers_.contains(id); }
  Container& insert(std::unique_ptr<Container> container);
  void erase(const std::string& id) { containers_.erase(id); }
  bool empty() const noexcept { return containers_.empty(); }
  std::vector<std::string> ids() const;
  void for_each(const std::function<void(Container&)>& visit);

  // A process whose exit the host has not fetched yet. The errors are Kata's: kInvalidArgument for
  // the container, kNotFound for the process.
  Result<std::shared_ptr<Process>> find_process(const std::string& id, const std::string& exec_id);

  // The same for its streams, which may outlast the exit status.
  Result<std::shared_ptr<Process>> find_streams(const std::string& id, const std::string& exec_id);

  // Forgets an exec that has nothing left for the host.
  void tidy(const std::string& id, const std::string& exec_id);

 private:
  Result<std::shared_ptr<Process>> look_up(const std::string& id, const std::string& exec_id);

  std::map<std::string, std::unique_ptr<Container>> containers_{};
};

}  // namespace kata::agent
