// SPDX-License-Identifier: Apache-2.0
//
// A walk over the host's processes by their command lines. Any process can give itself any command
// line: whoever acts on a match checks that the process is root's.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::runtime {

// Calls `visit` for each process of our own user with its words. Processes that end meanwhile are
// left out.
Result<void> for_each_process(
    const std::filesystem::path& proc,
    const std::function<void(pid_t, const std::vector<std::string>&)>& visit);

// The first word's last path component.
std::string_view program_name(const std::vector<std::string>& words);

// The word after `flag`; empty when there is none.
std::string_view value_of(const std::vector<std::string>& words, std::string_view flag);

}  // namespace kata::runtime
