// SPDX-License-Identifier: Apache-2.0
#include "sandbox/debug_console.h"

#include "core/base/log.h"
#include "kata/plugin/draft/hypervisor_debug_console.h"
#include "kata/plugin/extension.h"

namespace kata::sandbox {
namespace {

void warn_of(const char* reason) {
  log::warn("the guest has no debug console, although debug_console_enabled of [agent.kata] is set",
            {{"error", reason}});
}

}  // namespace

bool offer_debug_console(Hypervisor& hypervisor) {
  HypervisorDebugConsole* const console = extension_of<HypervisorDebugConsole>(hypervisor);
  if (console == nullptr) {
    warn_of("this hypervisor plugin has no way to it");
    return false;
  }
  const auto offered = console->offer_debug_console();
  if (!offered.ok()) warn_of(offered.error().message.c_str());
  return offered.ok();
}

std::optional<AgentAddress> debug_console_address(Hypervisor& hypervisor) {
  auto address = extension_of<HypervisorDebugConsole>(hypervisor)->debug_console_address();
  if (address.ok()) return address.take();
  warn_of(address.error().message.c_str());
  return std::nullopt;
}

}  // namespace kata::sandbox
