// SPDX-License-Identifier: Apache-2.0
//
// virtio_fs_extra_args: options of virtiofsd that an operator adds. Only options on a list of
// harmless ones pass, whichever way they are written, so that no spelling of "no sandbox" or of
// another directory gets through.
#pragma once

#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::virtiofs {

struct DaemonOption {  // "xattr", "no-flock", "timeout" = "5": dashes, no leading ones
  std::string name{};
  std::string value{};  // empty: a flag
  friend bool operator==(const DaemonOption&, const DaemonOption&) = default;
};

// Accepts what both daemons document: "--name", "--name=value", "--name" "value", "-o"
// "name=value,name".
Result<std::vector<DaemonOption>> parse_extra_args(const std::vector<std::string>& args);

}  // namespace kata::virtiofs
