// SPDX-License-Identifier: Apache-2.0
//
// Puts a fuzz target where the code it runs can do nothing to the machine.
//
// The process becomes root of a user namespace of nobody, with mount, network, ipc and uts
// namespaces of its own. Every mount but the working directory is read-only, /run is empty memory.
// A seccomp filter starts no process and lets system calls that act on the machine succeed without
// doing anything, so that the code behind them runs too.
#pragma once

namespace kata::fuzz {

// Once, before any other thread exists. Says why and aborts when the machine does not allow it.
void contain();

}  // namespace kata::fuzz
