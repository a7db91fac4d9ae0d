// SPDX-License-Identifier: Apache-2.0
//
// The two halves of stats.h: which file of each cgroup version holds which number.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/container/cgroup.h"
#include "agent/container/kernel_text.h"

namespace grpc {
class CgroupStats;
}

namespace kata::agent {

// The files of one cgroup, by controller; version 2 keeps all in one directory. A file that is not
// there is empty, and 0.
class CgroupFiles {
 public:
  explicit CgroupFiles(const Cgroup& cgroup);

  std::string text(std::string_view controller, std::string_view file) const;
  std::uint64_t number(std::string_view controller, std::string_view file) const;
  std::vector<std::string> page_sizes(std::string_view suffix) const;  // "2MB"

 private:
  std::vector<CgroupDirectory> directories_;
};

// The directory of version 2, whose name is empty, holds every controller.
inline bool names_controller(std::string_view names, std::string_view wanted) {
  for (;;) {
    const std::size_t comma = names.find(',');
    if (names.empty() || names.substr(0, comma) == wanted) return true;
    if (comma == std::string_view::npos) return false;
    names.remove_prefix(comma + 1);
  }
}

void read_stats_v1(const CgroupFiles& files, grpc::CgroupStats& stats);
void read_stats_v2(const CgroupFiles& files, grpc::CgroupStats& stats);

}  // namespace kata::agent
