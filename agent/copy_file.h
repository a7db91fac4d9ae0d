// SPDX-License-Identifier: Apache-2.0
//
// CopyFile: how a host without a shared filesystem puts files, directories and symbolic links into
// the guest. Containers may write to the same tree, so nothing in it is trusted: every step goes by
// descriptor, no symbolic link is followed, and only regular files with one name are written to.
#pragma once

#include <filesystem>

#include "kata/result.h"

namespace grpc {
class CopyFileRequest;
}

namespace kata::agent {

// `root` is the one tree that may be written; it is made when missing. A regular file comes in
// chunks and appears under its name when the last one is there, with its owner and mode.
Result<void> copy_file(const std::filesystem::path& root, const grpc::CopyFileRequest& request);

}  // namespace kata::agent
