// SPDX-License-Identifier: Apache-2.0
//
// The words of a container specification and the kernel's numbers for them. An unknown word is
// kInvalidArgument and quoted in the message; nothing is mapped to a default.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::agent {

// "mount" or "mnt", "network" or "net", pid, ipc, uts, user, cgroup, time: the CLONE_NEW* flag.
Result<std::uint64_t> namespace_flag(std::string_view type);
std::string_view namespace_file(std::uint64_t flag);  // its name below /proc/<pid>/ns

// "CAP_CHOWN" or "CHOWN", also in JSON quotes as some hosts send it: its number.
Result<int> capability_number(std::string_view name);
std::string capability_name(int number);

Result<int> rlimit_resource(std::string_view name);  // "RLIMIT_NOFILE"

// Of a device node: b, c, u and p become S_IFBLK, S_IFCHR, S_IFCHR and S_IFIFO.
Result<mode_t> device_node_type(std::string_view type);

// "shared", "rslave" …: MS_SHARED | MS_REC …; 0 for the empty name.
Result<unsigned long> propagation_flag(std::string_view name);

// No NUL byte inside: what the kernel would cut off must not pass a check as a whole.
Result<void> check_text(std::string_view text, std::string_view field);

// Absolute and without a ".." component.
Result<void> check_absolute(std::string_view path, std::string_view field);

}  // namespace kata::agent
