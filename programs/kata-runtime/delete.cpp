// SPDX-License-Identifier: Apache-2.0
#include <boost/program_options/value_semantic.hpp>
#include <filesystem>

#include "core/base/log.h"
#include "programs/kata-runtime/container_delete.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "programs/kata-runtime/sandbox_processes.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/container_state.h"

namespace kata::runtime {
namespace {

// For a record that cannot be read, or was never written: the container's shim tells its sandbox,
// which otherwise is most likely its own.
Result<sandbox::ContainerRecord> record_by_processes(const sandbox::Store& store,
                                                     const std::string& id) {
  sandbox::ContainerRecord record;
  record.id = record.sandbox_id = id;
  for (const SandboxProcess& found : KATA_TRY(sandbox_processes(store), "look for its shim"))
    if (found.container_id == id) {
      record.sandbox_id = found.sandbox_id;
      record.shim = found.process;
    }
  return record;
}

Result<int> delete_by_force(const Globals& globals, const std::string& id) {
  const sandbox::Store store = globals.store();
  auto record = store.load_container(id);
  if (!record.ok()) {
    KATA_TRY(sandbox::check_id(id), "");
    if (!std::filesystem::exists(std::filesystem::symlink_status(store.directory(id)))) return 0;
    log::warn("deleting a container without a usable record", {{"error", record.error().message}});
    record = KATA_TRY(record_by_processes(store, id), "");
  }
  KATA_TRY(force_delete(globals, record.value()), "");
  return 0;
}

Result<int> delete_container(const Globals& globals, const std::string& id) {
  const sandbox::Store store = globals.store();
  const auto record = KATA_TRY(store.load_container(id), "");
  if (status_of(record) != "stopped")
    return wrong_status(store, record,
                        "only a stopped container can be deleted; --force kills it first");
  KATA_TRY(delete_stopped(globals, record), "");
  return 0;
}

}  // namespace

Verb delete_verb() {
  Verb verb;
  verb.name = "delete";
  verb.operands = "CONTAINER-ID";
  verb.summary = "remove a stopped container and its VM";
  verb.description =
      "Removes all that the container left on the host: its VM when it is the VM's first "
      "container,\n"
      "helper processes, mounts, sockets and records. Can be repeated.";
  verb.exit_status =
      "0 when it is gone; 1 when it is not. With --force, a container that does not exist is gone.";
  verb.examples =
      "  kata-runtime delete web\n"
      "  kata-runtime delete --force web\n";
  verb.add_flags = [](boost::program_options::options_description& flags) {
    flags.add_options()("force,f", boost::program_options::bool_switch(),
                        "kill first, whatever state it is in");
  };
  verb.run = [](const Globals& globals, const CommandLine& line) -> Result<int> {
    return line.is_set("force") ? delete_by_force(globals, line.operands[0])
                                : delete_container(globals, line.operands[0]);
  };
  return verb;
}

}  // namespace kata::runtime
