// SPDX-License-Identifier: Apache-2.0
#include "agent/resolv_conf.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/files.h"

namespace kata::agent {

Result<void> write_resolv_conf(const google::protobuf::RepeatedPtrField<std::string>& lines) {
  constexpr const char* kFile = "/etc/resolv.conf";
  constexpr const char* kCopy = "/run/resolv.conf";
  std::string content;
  for (const std::string& line : lines) {
    content += line;
    content += '\n';
  }
  ::mkdir("/etc", 0755);
  if (write_file_atomically(kFile, content, 0644).ok()) return {};
  KATA_TRY(write_file_atomically(kCopy, content, 0644), "");
  if (::mount(kCopy, kFile, nullptr, MS_BIND, nullptr) != 0)
    return errno_error("bind '/run/resolv.conf' to '/etc/resolv.conf'", errno);
  return {};
}

}  // namespace kata::agent
