// SPDX-License-Identifier: Apache-2.0
#include "agent/container_table.h"

#include "agent.pb.h"
#include "core/base/log.h"

namespace kata::agent {
namespace {

// Hosts recognise these texts.
constexpr const char* kNoContainer = "Invalid container id";
constexpr const char* kNoExec = "Process not found: invalid exec id";
constexpr const char* kNoInit = "Process not found: init process missing";

bool means_init(const std::string& id, const std::string& exec_id) {
  return exec_id.empty() || exec_id == id;
}

}  // namespace

StorageReferences::~StorageReferences() {
  for (auto mount_point = mount_points_.rbegin(); mount_point != mount_points_.rend();
       ++mount_point)
    if (auto removed = table_->remove(*mount_point); !removed.ok())
      log::warn("cannot release a storage", {{"error", removed.error().message}});
}

Result<void> StorageReferences::add(const grpc::Storage& storage) {
  KATA_TRY(table_->add(storage), "");
  mount_points_.push_back(storage.mount_point());
  return {};
}

Container* ContainerTable::find(const std::string& id) noexcept {
  const auto entry = containers_.find(id);
  return entry == containers_.end() ? nullptr : entry->second.get();
}

Container& ContainerTable::insert(std::unique_ptr<Container> container) {
  const std::string id = container->id;
  return *(containers_[id] = std::move(container));
}

std::vector<std::string> ContainerTable::ids() const {
  std::vector<std::string> out;
  for (const auto& [id, container] : containers_) out.push_back(id);
  return out;
}

void ContainerTable::for_each(const std::function<void(Container&)>& visit) {
  for (auto& [id, container] : containers_) visit(*container);
}

Result<std::shared_ptr<Process>> ContainerTable::look_up(const std::string& id,
                                                         const std::string& exec_id) {
  const Container* container = find(id);
  if (container == nullptr) return make_error(ErrorCode::kInvalidArgument, kNoContainer);
  if (means_init(id, exec_id)) {
    if (!container->init) return make_error(ErrorCode::kNotFound, kNoInit);
    return container->init;
  }
  const auto exec = container->execs.find(exec_id);
  if (exec == container->execs.end()) return make_error(ErrorCode::kNotFound, kNoExec);
  return exec->second;
}

Result<std::shared_ptr<Process>> ContainerTable::find_process(const std::string& id,
                                                              const std::string& exec_id) {
  auto process = KATA_TRY(look_up(id, exec_id), "");
  if (process->collected())
    return make_error(ErrorCode::kNotFound, means_init(id, exec_id) ? kNoInit : kNoExec);
  return process;
}

Result<std::shared_ptr<Process>> ContainerTable::find_streams(const std::string& id,
                                                              const std::string& exec_id) {
  auto process = KATA_TRY(look_up(id, exec_id), "");
  if (process->finished())
    return make_error(ErrorCode::kNotFound, means_init(id, exec_id) ? kNoInit : kNoExec);
  return process;
}

void ContainerTable::tidy(const std::string& id, const std::string& exec_id) {
  Container* container = find(id);
  if (container == nullptr || means_init(id, exec_id)) return;
  const auto exec = container->execs.find(exec_id);
  if (exec != container->execs.end() && exec->second->finished()) container->execs.erase(exec);
}

}  // namespace kata::agent
