// SPDX-License-Identifier: Apache-2.0
//
// The three ways in which the process of a VMM ends: told to, by itself, and before the VM ran.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "vmm_process.h"

namespace kata::vmm {

// stop_vm of a process. One that ends at once needs no word: its guest was told to shut down. Any
// other is asked, then killed at the deadline. `ask` false: it cannot be asked; it gets SIGTERM,
// a VMM's word for quit. `requested` is set before the process can end of it.
Result<void> end_on_request(VmmProcess& process, Deadline deadline, std::atomic<bool>& requested,
                            const std::function<bool(Deadline answer)>& ask);

// wait_vm of a process, whose logs are kept short meanwhile. [waiter]
Result<ExitStatus> wait_for_end(VmmProcess& process,
                                std::initializer_list<std::filesystem::path> logs);

struct FailedStart {
  std::string program{};        // "QEMU '/usr/bin/qemu-system-x86_64'"
  std::string_view before{};    // "before it answered": what an early end came before
  std::string_view guess{};     // the remedy when the process ended without a word
  std::filesystem::path log{};  // its standard error
  bool may_have_ended = true;   // false: its status is not waited for
};

// Ends the process and puts what it said into the error, in one line.
Error end_failed_start(VmmProcess& process, Error error, const FailedStart& start);

}  // namespace kata::vmm
