// SPDX-License-Identifier: Apache-2.0
//
// Which process serves a shared filesystem, for who collects metrics. DRAFT: one filesystem has it.
#pragma once

#include <cstdint>

namespace kata {

struct FileServer {
  std::int32_t pid = 0;   // 0: none runs
  const char* name = "";  // a literal, of metrics too: "virtiofsd" gives kata_virtiofsd_…
};

class SharedFilesystemServer {
 public:
  static constexpr const char* kId = "kata.shared-filesystem.server/draft-1";

  // The process that does the work, if there are several. [any]
  virtual FileServer file_server() const noexcept = 0;

 protected:
  ~SharedFilesystemServer() = default;
};

}  // namespace kata
