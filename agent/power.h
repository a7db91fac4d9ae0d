// SPDX-License-Identifier: Apache-2.0
//
// The end of PID 1 is the end of the machine: it must not return.
#pragma once

#include <string_view>

namespace kata::agent {

// Writes what is cached and resets the machine. The hypervisor runs the guest with "no reboot", so
// that it ends there; unlike a power-off this needs no ACPI.
[[noreturn]] void power_off() noexcept;

// One line on the console, then the same.
[[noreturn]] void die_as_init(std::string_view reason) noexcept;

// From now on an exception that nobody caught ends in die_as_init() rather than a kernel panic.
void install_terminate_handler() noexcept;

}  // namespace kata::agent
