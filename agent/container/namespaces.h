// SPDX-License-Identifier: Apache-2.0
//
// Namespaces of a container's processes.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/container/container_plan.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

inline constexpr std::uint64_t kNewTime = 0x80;  // CLONE_NEWTIME, which old headers lack

struct OpenNamespace {
  std::uint64_t flag = 0;
  UniqueFd fd{};
};

Result<std::vector<OpenNamespace>> open_namespaces(const std::vector<JoinedNamespace>& joined);

// While it lives, children of the calling process are born into the given namespaces; for all but
// pid and time the caller itself is there too. Ends the program when it cannot come back: an agent
// in a container's namespaces must not go on.
class NamespaceVisit {
 public:
  NamespaceVisit() = default;
  NamespaceVisit(const NamespaceVisit&) = delete;
  NamespaceVisit& operator=(const NamespaceVisit&) = delete;
  ~NamespaceVisit() { leave(); }

  Result<void> enter(const std::vector<OpenNamespace>& namespaces);
  Result<void> enter(std::uint64_t flag, int fd);
  // A new time namespace for children, with these lines of timens_offsets(5). An offset can be set
  // only before a process is born into it.
  Result<void> make_time(const std::string& offsets);
  void leave();                    // in the parent
  void forget() { own_.clear(); }  // in the child: it stays

 private:
  std::vector<OpenNamespace> own_{};
};

// The id maps of a child in a new user namespace.
Result<void> write_id_maps(const ContainerPlan& plan, pid_t pid);

// Into a copy of the mount namespace at this path; its root becomes the root and the working
// directory.
Result<void> copy_mount_namespace(const std::filesystem::path& original);

Result<void> bring_loopback_up();

}  // namespace kata::agent
