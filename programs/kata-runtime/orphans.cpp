// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/orphans.h"

#include <sys/stat.h>

#include <csignal>
#include <ctime>
#include <map>

#include "kata/child_process.h"
#include "kata/concat.h"
#include "programs/kata-runtime/container_delete.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "programs/kata-runtime/sandbox_processes.h"

namespace kata::runtime {

namespace fs = std::filesystem;
using sandbox::Store;

namespace {

constexpr std::chrono::seconds kKillTime{2};

bool settled(const fs::path& directory, std::chrono::seconds grace) {
  struct stat about {};
  if (::stat(directory.c_str(), &about) != 0) return false;
  return std::time(nullptr) - about.st_mtim.tv_sec >= grace.count();
}

bool is_missing(const Error& error) { return error.code == ErrorCode::kNotFound; }

// Its creator was killed, and nobody will use it.
bool is_broken_off(const sandbox::ContainerRecord& record) {
  return record.status == "creating" && record.creator.pid != 0 &&
         !sandbox::is_alive(record.creator);
}

class Search {
 public:
  Search(const Store& store, std::chrono::seconds grace) : store_(store), grace_(grace) {}

  Result<OrphanSearch> run(const fs::path& proc) {
    processes_ = KATA_TRY(sandbox_processes(store_, proc), "look for processes");
    const auto ids = KATA_TRY(store_.container_ids(), "");
    for (const std::string& id : ids) look_at_container(id);
    for (const std::string& id : ids)
      if (settled(store_.directory(id), grace_) && !is_busy(id)) look_at_directory(id);
    for (const SandboxProcess& process : processes_) look_at_process(process);
    return std::move(found_);
  }

 private:
  void look_at_container(const std::string& id) {
    const auto record = store_.load_container(id);
    if (record.ok() && record.value().sandbox_id != id)
      members_[record.value().sandbox_id].push_back(id);
  }

  bool is_busy(const std::string& id) const {
    const auto lock = store_.lock(id, std::chrono::steady_clock::now());
    return !lock.ok() && lock.error().code == ErrorCode::kTimeout;
  }

  void look_at_directory(const std::string& id) {
    const auto container = store_.load_container(id);
    if (container.ok() && is_broken_off(container.value()))
      return add(id, concat("container '", id, "'"), "its creation was broken off");
    const auto record = store_.load_sandbox(id);
    if (record.ok()) return look_at_sandbox(record.value(), container);
    if (!is_missing(record.error())) return look_at_damaged(id, record.error());
    if (container.ok()) return look_for_sandbox_of(container.value());
    if (is_missing(container.error()))
      add(id, concat("directory '", store_.directory(id), "'"), "it holds no record");
    else
      found_.unclear.push_back(container.error().message);
  }

  void look_at_sandbox(const sandbox::SandboxRecord& record,
                       const Result<sandbox::ContainerRecord>& container) {
    if (sandbox::is_alive(record.proxy)) {
      if (!container.ok() && !is_missing(container.error()))
        found_.unclear.push_back(container.error().message);
      return;
    }
    const std::string why =
        record.proxy.pid == 0 ? "its creation was broken off" : loss_of_sandbox(store_, record.id);
    add_sandbox(record.id, why);
  }

  // Its processes tell whether it lives.
  void look_at_damaged(const std::string& id, const Error& error) {
    for (const SandboxProcess& process : processes_)
      if (process.sandbox_id == id) return found_.unclear.push_back(error.message);
    add_sandbox(id, error.message);
  }

  void look_for_sandbox_of(const sandbox::ContainerRecord& record) {
    std::error_code failure;
    if (fs::exists(store_.directory(record.sandbox_id) / "sandbox.json", failure)) return;
    add(record.id, concat("container '", record.id, "'"),
        concat("its sandbox '", record.sandbox_id, "' does not exist"));
  }

  void add_sandbox(const std::string& id, std::string why) {
    add(id, concat("sandbox '", id, "'"), std::move(why));
    found_.orphans.back().containers = members_[id];
  }

  void add(const std::string& id, std::string what, std::string why) {
    Orphan orphan;
    orphan.id = id;
    orphan.what = std::move(what);
    orphan.why = std::move(why);
    found_.orphans.push_back(std::move(orphan));
  }

  void look_at_process(const SandboxProcess& found) {
    std::error_code failure;
    if (fs::exists(store_.directory(found.sandbox_id), failure) || failure) return;
    add(found.sandbox_id, concat("process ", found.process.pid, " (", found.program, ")"),
        concat("its sandbox '", found.sandbox_id, "' does not exist"));
    found_.orphans.back().process = found.process;
  }

  const Store& store_;
  std::chrono::seconds grace_;
  std::vector<SandboxProcess> processes_{};
  std::map<std::string, std::vector<std::string>> members_{};
  OrphanSearch found_{};
};

Result<void> kill_process(const sandbox::ProcessRef& process) {
  auto adopted = ChildProcess::adopt(process.pid, process.start_time);
  if (!adopted.ok()) return {};  // gone, or its pid is another process's now
  KATA_TRY(adopted.value().terminate(SIGKILL, in(kKillTime)), "");
  return {};
}

Result<void> remove_container(const Globals& globals, const std::string& id,
                              const std::string& sandbox_id) {
  const auto record = globals.store().load_container(id);
  if (record.ok()) return force_delete(globals, record.value());
  sandbox::ContainerRecord bare;
  bare.id = id;
  bare.sandbox_id = sandbox_id;
  return force_delete(globals, bare);
}

}  // namespace

Result<OrphanSearch> find_orphans(const Store& store, std::chrono::seconds grace,
                                  const fs::path& proc) {
  return Search(store, grace).run(proc);
}

Result<void> remove_orphan(const Globals& globals, const Orphan& orphan) {
  if (orphan.process.pid != 0) return kill_process(orphan.process);
  for (const std::string& id : orphan.containers)
    KATA_TRY(remove_container(globals, id, orphan.id), concat("remove container '", id, "'"));
  return remove_container(globals, orphan.id, orphan.id);
}

}  // namespace kata::runtime
