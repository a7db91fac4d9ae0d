// SPDX-License-Identifier: Apache-2.0
#include "sandbox/journal.h"

#include "kata/concat.h"

namespace kata::sandbox {

Result<void> Journal::write_proxy(ProcessRef proxy) {
  return write([proxy](SandboxRecord& record) { record.proxy = proxy; });
}

Result<void> Journal::write_netns(std::string path) {
  return write([&path](SandboxRecord& record) { record.netns = std::move(path); });
}

Result<void> Journal::write_cgroups(SandboxCgroups cgroups) {
  return write([&cgroups](SandboxRecord& record) { record.cgroups = std::move(cgroups); });
}

Result<void> Journal::write_vmm(ProcessRef vmm) {
  return write([vmm](SandboxRecord& record) { record.vmm = vmm; });
}

Result<void> Journal::write_failure(std::string reason) {
  return write([&reason](SandboxRecord& record) { record.failure = std::move(reason); });
}

Result<void> Journal::write_plugin_state(std::string_view interface_name,
                                         Result<std::string> state) {
  std::string text =
      KATA_TRY(std::move(state), concat("save the state of the ", interface_name, " plugin"));
  return write([&](SandboxRecord& record) {
    record.plugin_state.insert_or_assign(std::string(interface_name), std::move(text));
  });
}

}  // namespace kata::sandbox
