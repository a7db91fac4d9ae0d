// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/orphans.h"

#include <sys/stat.h>

#include <csignal>
#include <ctime>
#include <map>
#include <optional>

#include "kata/child_process.h"
#include "kata/concat.h"
#include "programs/kata-runtime/container_delete.h"
#include "programs/kata-runtime/process_scan.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "programs/kata-runtime/shim_process.h"

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

class Search {
 public:
  Search(const Store& store, std::chrono::seconds grace) : store_(store), grace_(grace) {}

  Result<OrphanSearch> run(const fs::path& proc) {
    const auto ids = KATA_TRY(store_.container_ids(), "");
    for (const std::string& id : ids) look_at_container(id);
    for (const std::string& id : ids)
      if (settled(store_.directory(id), grace_)) look_at_directory(id);
    KATA_TRY(for_each_process(proc,
                              [this](pid_t pid, const std::vector<std::string>& words) {
                                look_at_process(pid, words);
                              }),
             "look for processes");
    return std::move(found_);
  }

 private:
  void look_at_container(const std::string& id) {
    const auto record = store_.load_container(id);
    if (record.ok() && record.value().sandbox_id != id)
      members_[record.value().sandbox_id].push_back(id);
    if (!record.ok() && !is_missing(record.error()))
      found_.unclear.push_back(record.error().message);
  }

  void look_at_directory(const std::string& id) {
    const auto record = store_.load_sandbox(id);
    if (record.ok()) return look_at_sandbox(record.value());
    if (!is_missing(record.error())) return found_.unclear.push_back(record.error().message);
    const auto container = store_.load_container(id);
    if (container.ok()) return look_for_sandbox_of(container.value());
    if (is_missing(container.error()))
      add(id, concat("directory '", store_.directory(id), "'"), "it holds no record");
  }

  void look_at_sandbox(const sandbox::SandboxRecord& record) {
    if (sandbox::is_alive(record.proxy)) return;
    const std::string why =
        record.proxy.pid == 0 ? "its creation was broken off" : loss_of_sandbox(store_, record.id);
    add(record.id, concat("sandbox '", record.id, "'"), why);
    found_.orphans.back().containers = members_[record.id];
  }

  void look_for_sandbox_of(const sandbox::ContainerRecord& record) {
    std::error_code failure;
    if (fs::exists(store_.directory(record.sandbox_id) / "sandbox.json", failure)) return;
    add(record.id, concat("container '", record.id, "'"),
        concat("its sandbox '", record.sandbox_id, "' does not exist"));
  }

  void add(const std::string& id, std::string what, std::string why) {
    Orphan orphan;
    orphan.id = id;
    orphan.what = std::move(what);
    orphan.why = std::move(why);
    found_.orphans.push_back(std::move(orphan));
  }

  void look_at_process(pid_t pid, const std::vector<std::string>& words) {
    const std::string_view name = program_name(words);
    if (name != "kata-proxy" && name != "kata-shim" && name != "virtiofsd" &&
        !name.starts_with("qemu-system-"))
      return;
    const std::string id = sandbox_named_by(words);
    std::error_code failure;
    if (id.empty() || fs::exists(store_.directory(id), failure) || failure) return;
    const auto process = reference_to(pid);
    if (!process.ok()) return;  // it has just ended
    add(id, concat("process ", pid, " (", name, ")"),
        concat("its sandbox '", id, "' does not exist"));
    found_.orphans.back().process = process.value();
  }

  // kata-proxy is told root and id apart; the others are given paths below both.
  std::string sandbox_named_by(const std::vector<std::string>& words) const {
    if (value_of(words, "--root") == store_.root().native())
      return std::string(value_of(words, "--sandbox"));
    const std::string below = concat(store_.root(), '/');
    for (const std::string& word : words) {
      const std::size_t at = word.find(below);
      if (at == std::string::npos) continue;
      const std::string rest = word.substr(at + below.size());
      std::string id = rest.substr(0, rest.find('/'));
      if (id.size() < rest.size() && sandbox::check_id(id).ok()) return id;
    }
    return {};
  }

  const Store& store_;
  std::chrono::seconds grace_;
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
