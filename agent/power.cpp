// SPDX-License-Identifier: Apache-2.0
#include "agent/power.h"

#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include <exception>

#include "kata/concat.h"

namespace kata::agent {
namespace {

void on_terminate() {
  try {
    if (std::current_exception()) std::rethrow_exception(std::current_exception());
  } catch (const std::exception& error) {
    die_as_init(error.what());
  } catch (...) {
  }
  die_as_init("terminated for an unknown reason");
}

}  // namespace

void power_off() noexcept {
  ::sync();
  ::tcdrain(STDERR_FILENO);
  ::reboot(RB_AUTOBOOT);
  ::_exit(1);  // not the machine's init after all, or the kernel's own panic handling takes over
}

void die_as_init(std::string_view reason) noexcept {
  const std::string line = concat("kata-agent: fatal: ", reason, "\n");
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  power_off();
}

void install_terminate_handler() noexcept { std::set_terminate(on_terminate); }

}  // namespace kata::agent
