// SPDX-License-Identifier: Apache-2.0
//
// What a guest or its VMM wrote to a file, made fit for a log line: the guest chooses these bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace kata::vmm {

inline constexpr std::size_t kTailBytes = 64U << 10;
inline constexpr std::size_t kLongestLine = 512;

// The last `lines` lines that are not blank, of the last kTailBytes of the text: escape sequences
// and control characters removed, other bytes than printable ASCII as '?', long lines cut.
std::string tail_of(std::string_view text, std::uint32_t lines);

// tail_of a file; empty when there is none.
std::string read_tail(const std::filesystem::path& path, std::uint32_t lines);

// Frees all but the end of a file that has grown beyond 1 MiB, in place and without moving what is
// left, so that a guest cannot fill the host's run directory. Best effort: the filesystem may not
// be able to.
void trim_log(const std::filesystem::path& path);

}  // namespace kata::vmm
