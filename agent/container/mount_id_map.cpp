// SPDX-License-Identifier: Apache-2.0
#include "agent/container/mount_id_map.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <charconv>

#include "agent/container/child.h"
#include "agent/container/mount_tree.h"
#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

Error invalid(std::string_view found, std::string_view expected) {
  return make_error(ErrorCode::kInvalidArgument,
                    concat("mount option 'idmap': expected ", expected, ", found '", found, "'"));
}

// Cuts off what is before `separator`, or all.
std::string_view next_part(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

// "1000-2000-10": ids 1000 to 1009 of the filesystem are shown as 2000 to 2009.
Result<std::string> parse_range(const std::string_view range) {
  constexpr std::string_view kForm = "FILE-HOST-SIZE, three numbers";
  std::uint32_t numbers[3] = {};
  std::string_view rest = range;
  for (std::uint32_t& number : numbers) {
    const std::string_view digits = next_part(rest, '-');
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size())
      return invalid(range, kForm);
  }
  if (!rest.empty() || numbers[2] == 0) return invalid(range, kForm);
  return concat(numbers[0], ' ', numbers[1], ' ', numbers[2], '\n');
}

Result<std::string> parse_ranges(std::string_view text) {
  std::string lines;
  do lines += KATA_TRY(parse_range(next_part(text, '#')), "");
  while (!text.empty());
  return lines;
}

// A user namespace lives as long as something refers to it, so its one process may go at once.
Result<UniqueFd> make_user_namespace(const MountIdMap& map) {
  const pid_t pid = KATA_TRY(clone_child(CLONE_NEWUSER), "");
  if (pid == 0) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (pid == 0) ::pause();
  const std::string process = concat("/proc/", pid, '/');
  auto made = [&]() -> Result<UniqueFd> {
    KATA_TRY(write_existing(process + "uid_map", map.uids), "uids");
    KATA_TRY(write_existing(process + "gid_map", map.gids), "gids");
    UniqueFd fd(::open((process + "ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open the user namespace", errno);
    return fd;
  }();
  discard_child(pid);
  return made;
}

}  // namespace

Result<MountIdMap> parse_mount_id_map(std::string_view word) {
  MountIdMap map;
  map.recursive = word.starts_with('r');
  const bool has_ranges = word.find('=') != std::string_view::npos;
  next_part(word, '=');
  if (!has_ranges) return map;
  while (!word.empty()) {
    const std::string_view part = next_part(word, ';');
    if (part.starts_with("uids=") && map.uids.empty())
      map.uids = KATA_TRY(parse_ranges(part.substr(5)), "");
    else if (part.starts_with("gids=") && map.gids.empty())
      map.gids = KATA_TRY(parse_ranges(part.substr(5)), "");
    else
      return invalid(part, "'uids=' and 'gids=', once each");
  }
  if (map.uids.empty() || map.gids.empty()) return invalid("only one", "both 'uids=' and 'gids='");
  return map;
}

Result<UniqueFd> clone_with_id_map(const std::string& source, bool with_mounts_below,
                                   const MountIdMap& map) {
  UniqueFd tree = KATA_TRY(clone_tree(source, with_mounts_below), "source");
  const UniqueFd users = KATA_TRY(make_user_namespace(map), "mount option 'idmap'");
  mount_attr request{};
  request.attr_set = MOUNT_ATTR_IDMAP;
  request.userns_fd = static_cast<std::uint64_t>(users.get());
  const unsigned flags = AT_EMPTY_PATH | (map.recursive ? unsigned{AT_RECURSIVE} : 0U);
  if (::mount_setattr(tree.get(), "", flags, &request, sizeof request) == 0) return tree;
  const int number = errno;
  if (number != EINVAL) return errno_error(concat("map the ids of '", source, "'"), number);
  return make_error(ErrorCode::kUnsupported,
                    concat("mount option 'idmap': the filesystem of '", source,
                           "' cannot show other ids; ext4, xfs and tmpfs can, a share of the "
                           "host (virtiofs, 9p) cannot"));
}

}  // namespace kata::agent
