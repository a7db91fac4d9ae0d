// SPDX-License-Identifier: Apache-2.0
#include "agent/container/device_nodes.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/container/mount_tree.h"
#include "agent/container/terminal.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

NodePlan default_node(const char* name, unsigned major, unsigned minor) {
  return {fs::path("/dev") / name, S_IFCHR | 0666, makedev(major, minor), 0, 0};
}

// Puts `tree`, a single file, over the file `name` of `directory`, which is made when missing.
Result<void> cover_file(int directory, const std::string& name, int tree) {
  const UniqueFd made(::openat(directory, name.c_str(),
                               O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!made && errno != EEXIST) return errno_error("make a file to mount on", errno);
  const UniqueFd target = KATA_TRY(open_beneath(directory, name, O_PATH), "");
  return attach_tree(tree, target.get());
}

bool is_node(int directory, const std::string& name, const NodePlan& node) {
  struct stat found {};
  return ::fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
         (found.st_mode & S_IFMT) == (node.mode & S_IFMT) && found.st_rdev == node.device;
}

// By a descriptor, so that a link put in its place meanwhile is not followed.
Result<void> set_owner_and_mode(int directory, const std::string& name, const NodePlan& node) {
  if (::fchownat(directory, name.c_str(), node.uid, node.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error("set owner", errno);
  const UniqueFd fd = KATA_TRY(open_beneath(directory, name, O_PATH), "");
  if (::chmod(fd_path(fd.get()).c_str(), node.mode & 07777) != 0)
    return errno_error("set mode", errno);
  return {};
}

Result<void> bind_node(int directory, const std::string& name, const NodePlan& node) {
  const UniqueFd source(::open(node.path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat found {};
  if (!source || ::fstat(source.get(), &found) != 0)
    return errno_error("open the agent's node", errno);
  if ((found.st_mode & S_IFMT) != (node.mode & S_IFMT) || found.st_rdev != node.device)
    return make_error(ErrorCode::kInvalidArgument, "the agent's node is another device");
  const UniqueFd tree = KATA_TRY(clone_tree(source.get(), false), "");
  return cover_file(directory, name, tree.get());
}

Result<void> make_node(int root, const NodePlan& node, bool bind) {
  const UniqueFd directory =
      KATA_TRY(make_directories_in_root(root, node.path.parent_path(), 0755), "");
  const std::string name = node.path.filename();
  if (bind) return bind_node(directory.get(), name, node);
  if (::mknodat(directory.get(), name.c_str(), node.mode, node.device) != 0) {
    const int number = errno;
    if (number == EEXIST && !is_node(directory.get(), name, node))
      return make_error(ErrorCode::kInvalidArgument, "the rootfs has another file there");
    if (number != EEXIST) return errno_error("make node", number);
  }
  return set_owner_and_mode(directory.get(), name, node);
}

Result<void> make_links(int dev) {
  constexpr std::pair<const char*, const char*> kLinks[] = {
      {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
      {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},         {"core", "/proc/kcore"}};
  for (const auto& [name, target] : kLinks)
    if (::symlinkat(target, dev, name) != 0 && errno != EEXIST)
      return errno_error(concat("make link '/dev/", name, "'"), errno);
  return {};
}

// `pty`: stdin's terminal by its name.
Result<UniqueFd> clone_terminal(const UniqueFd& pty) {
  struct stat wanted {
  }, found{};
  if (::fstat(STDIN_FILENO, &wanted) != 0 || ::fstat(pty.get(), &found) != 0)
    return errno_error("look at the terminal", errno);
  if (!S_ISCHR(found.st_mode) || found.st_rdev != wanted.st_rdev)
    return make_error(ErrorCode::kInternal, "its name is not the terminal's");
  return clone_tree(pty.get(), false);
}

}  // namespace

Result<UniqueFd> clone_own_terminal() {
  char name[64] = {};
  if (::ttyname_r(STDIN_FILENO, name, sizeof name) != 0)
    return errno_error("name the terminal", errno);
  const UniqueFd pty(::open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!pty) return errno_error(concat("open '", name, "'"), errno);
  return clone_terminal(pty);
}

Result<void> make_device_nodes(int root, const ContainerPlan& plan) {
  const bool bind = plan.has_new(CLONE_NEWUSER);
  const UniqueFd dev = KATA_TRY(make_directories_beneath(root, "/dev", 0755), "");
  for (const auto& node :
       {default_node("null", 1, 3), default_node("zero", 1, 5), default_node("full", 1, 7),
        default_node("random", 1, 8), default_node("urandom", 1, 9), default_node("tty", 5, 0)})
    KATA_TRY(make_node(root, node, bind), concat("'", node.path, "'"));
  for (const NodePlan& node : plan.nodes)
    KATA_TRY(make_node(root, node, bind && !S_ISFIFO(node.mode)), concat("'", node.path, "'"));
  return make_links(dev.get());
}

Result<UniqueFd> make_console(int root, const UniqueFd& own) {
  const UniqueFd dev = KATA_TRY(make_directories_beneath(root, "/dev", 0755), "");
  auto terminal = KATA_TRY(open_terminal(root), "");
  if (!terminal) {
    KATA_TRY(cover_file(dev.get(), "console", own.get()), "");
    return UniqueFd();
  }
  KATA_TRY(use_as_stdio(*terminal), "");
  const UniqueFd pty =
      KATA_TRY(open_in_root(root, concat("/dev/pts/", terminal->number), O_PATH | O_NOFOLLOW), "");
  const UniqueFd tree = KATA_TRY(clone_terminal(pty), "");
  KATA_TRY(cover_file(dev.get(), "console", tree.get()), "");
  return std::move(terminal->master);
}

}  // namespace kata::agent
