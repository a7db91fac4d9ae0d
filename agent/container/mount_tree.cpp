// SPDX-License-Identifier: Apache-2.0
#include "agent/container/mount_tree.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "kata/concat.h"

namespace kata::agent {
namespace {

// The kernel's own words about a refused option, if it has any: "e size: Bad value for 'size'".
std::string complaint(int context) {
  char text[512];
  const ssize_t got = ::read(context, text, sizeof text);
  if (got <= 2) return "";
  std::string_view line(text + 2, static_cast<std::size_t>(got) - 2);
  return concat(" (", line.substr(0, line.find('\n')), ')');
}

Result<void> configure(int context, unsigned command, const char* key, const char* value,
                       std::string_view what) {
  if (::fsconfig(context, command, key, value, 0) == 0) return {};
  const int number = errno;
  Error error = errno_error(concat("mount option '", what, "'"), number);
  if (number == EINVAL) error.code = ErrorCode::kInvalidArgument;
  error.message += complaint(context);
  return error;
}

Result<void> set_option(int context, const std::string& option) {
  const std::size_t equals = option.find('=');
  if (equals == std::string::npos)
    return configure(context, FSCONFIG_SET_FLAG, option.c_str(), nullptr, option);
  const std::string key = option.substr(0, equals), value = option.substr(equals + 1);
  constexpr std::size_t kLongest = 255;  // of fsconfig(2)
  if (value.size() > kLongest)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("mount option '", key, "': is longer than ", kLongest, " bytes"));
  return configure(context, FSCONFIG_SET_STRING, key.c_str(), value.c_str(), option);
}

Result<UniqueFd> open_tree_at(int fd, const char* path, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                         (recursive ? unsigned{AT_RECURSIVE} : 0U);
  UniqueFd tree(::open_tree(fd, path, flags));
  if (!tree) return errno_error("clone the mount", errno);
  return tree;
}

}  // namespace

Result<UniqueFd> clone_tree(int fd, bool recursive) { return open_tree_at(fd, "", recursive); }

Result<UniqueFd> clone_tree(const std::filesystem::path& path, bool recursive) {
  return KATA_TRY(open_tree_at(AT_FDCWD, path.c_str(), recursive), concat("'", path, "'"));
}

Result<UniqueFd> new_filesystem(std::string_view type, std::string_view source,
                                const std::vector<std::string>& data) {
  const std::string name(type);
  UniqueFd context(::fsopen(name.c_str(), FSOPEN_CLOEXEC));
  if (!context) {
    if (errno == ENODEV)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("this kernel has no filesystem type '", type, "'"));
    return errno_error(concat("open filesystem type '", type, "'"), errno);
  }
  if (!source.empty())
    KATA_TRY(configure(context.get(), FSCONFIG_SET_STRING, "source", std::string(source).c_str(),
                       "source"),
             "");
  for (const std::string& option : data) KATA_TRY(set_option(context.get(), option), "");
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    Error error = errno_error(concat("make a filesystem of type '", type, "'"), errno);
    error.message += complaint(context.get());
    return error;
  }
  UniqueFd tree(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  if (!tree) return errno_error(concat("mount a filesystem of type '", type, "'"), errno);
  return tree;
}

Result<void> reconfigure_filesystem(int mount, const std::vector<std::string>& data) {
  const UniqueFd context(::fspick(mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH));
  if (!context) return errno_error("pick the filesystem", errno);
  for (const std::string& option : data) KATA_TRY(set_option(context.get(), option), "");
  return configure(context.get(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, "remount");
}

Result<void> set_attributes(int tree, const MountAttributes& attributes, bool recursive) {
  if (attributes == MountAttributes{}) return {};
  mount_attr request{};
  request.attr_set = attributes.set;
  request.attr_clr = attributes.clear;
  const unsigned flags = AT_EMPTY_PATH | (recursive ? unsigned{AT_RECURSIVE} : 0U);
  if (::mount_setattr(tree, "", flags, &request, sizeof request) == 0) return {};
  return errno_error("change the mount's attributes", errno);
}

Result<void> set_propagation(int mount, unsigned long flag) {
  if (flag == 0) return {};
  mount_attr request{};
  request.propagation = flag & ~static_cast<unsigned long>(MS_REC);
  const unsigned flags = AT_EMPTY_PATH | ((flag & MS_REC) != 0 ? unsigned{AT_RECURSIVE} : 0U);
  if (::mount_setattr(mount, "", flags, &request, sizeof request) == 0) return {};
  return errno_error("change the mount's propagation", errno);
}

Result<void> attach_tree(int tree, int target) {
  if (::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
    return {};
  return errno_error("attach the mount", errno);
}

Result<void> detach_mount(int mount) {
  if (::fchdir(mount) != 0 || ::umount2(".", MNT_DETACH) != 0)
    return errno_error("detach the mount", errno);
  return {};
}

}  // namespace kata::agent
