// SPDX-License-Identifier: Apache-2.0
//
// Files that decide what a program running as root does: the configuration and the plugins. One is
// trusted when it and its directory belong to root (or to the effective user, so that an
// unprivileged user can run the tests) and nobody else may write to them.
#pragma once

#include <filesystem>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata {

// A regular file, opened for reading. The last component may not be a symbolic link; a caller that
// wants to allow one resolves it first. The error says check, expected, found and remedy:
// "owner: expected uid 0, found uid 1000; run 'chown root /x'".
Result<UniqueFd> open_trusted_file(const std::filesystem::path& path);

// The same rule for a directory.
Result<void> check_trusted_directory(const std::filesystem::path& path);

}  // namespace kata
