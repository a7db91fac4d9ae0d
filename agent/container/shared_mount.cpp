// SPDX-License-Identifier: Apache-2.0
#include "agent/container/shared_mount.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "agent/container/child.h"
#include "agent/container/kernel_text.h"
#include "agent/container/mount_tree.h"
#include "core/base/files.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

Result<UniqueFd> open_process(pid_t pid) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return errno_error(concat("open process ", pid), errno);
  return fd;
}

// The root of the process's mount namespace, which is the container's.
Result<UniqueFd> enter(int process) {
  if (::setns(process, CLONE_NEWNS) != 0) return errno_error("join the mount namespace", errno);
  UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open the container's root", errno);
  return root;
}

Result<UniqueFd> make_target(int root, const fs::path& path, bool is_directory) {
  if (is_directory) return make_directories_in_root(root, path, 0755);
  KATA_TRY(make_directories_in_root(root, path.parent_path(), 0755), "");
  KATA_TRY(open_in_root(root, path, O_CREAT | O_RDONLY | O_NONBLOCK | O_NOCTTY, 0644), "");
  return open_in_root(root, path, O_PATH);
}

struct Sharing {
  UniqueFd source{}, destination{};
  std::string source_path{}, destination_path{};
};

Result<void> move(const Sharing& sharing) {
  const UniqueFd from = KATA_TRY(enter(sharing.source.get()), "source");
  const UniqueFd found = KATA_TRY(open_in_root(from.get(), sharing.source_path, O_PATH), "source");
  struct stat kind {};
  if (::fstat(found.get(), &kind) != 0) return errno_error("look at the source", errno);
  const UniqueFd tree = KATA_TRY(clone_tree(found.get(), true), "source");
  const UniqueFd to = KATA_TRY(enter(sharing.destination.get()), "destination");
  const UniqueFd target = KATA_TRY(
      make_target(to.get(), sharing.destination_path, S_ISDIR(kind.st_mode)), "destination");
  return attach_tree(tree.get(), target.get());
}

}  // namespace

bool is_mount_point_of(pid_t process, const std::string& path) {
  const auto text = read_file(concat("/proc/", process, "/mountinfo"));
  if (!text.ok()) return false;
  const std::string wanted = fs::path(path).lexically_normal();
  const auto mounts = parse_mountinfo(text.value());
  return std::ranges::any_of(mounts,
                             [&](const MountLine& line) { return line.mount_point == wanted; });
}

// In a child, which can join two namespaces one after the other and come back from none.
Result<void> share_mount(pid_t source, const std::string& source_path, pid_t destination,
                         const std::string& destination_path) {
  Sharing sharing{KATA_TRY(open_process(source), "source"),
                  KATA_TRY(open_process(destination), "destination"), source_path,
                  destination_path};
  Pipe status = KATA_TRY(make_status(), "");
  const pid_t pid = KATA_TRY(clone_child(0), "");
  if (pid == 0) {
    if (const auto moved = move(sharing); !moved.ok())
      report_failure(status.write.get(), moved.error());
    else
      report_ready(status.write.get());
    ::_exit(0);
  }
  status.write.reset();
  const auto report = read_report(status.read.get());
  discard_child(pid);
  if (!report.ok()) return report.error();
  if (report.value() == ChildState::kReady) return {};
  return make_error(ErrorCode::kInternal, "the process that moves the mount was killed");
}

}  // namespace kata::agent
