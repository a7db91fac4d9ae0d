// SPDX-License-Identifier: Apache-2.0
#include "agent/container/users.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "agent/container/process_plan.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr const char* kPasswd = "/etc/passwd";  // name:password:uid:gid:gecos:home:shell
constexpr const char* kGroup = "/etc/group";    // name:password:gid:user,user
constexpr std::size_t kLargestFile = 1U << 20;
constexpr std::size_t kMostGroups = 65536;  // of setgroups(2)

std::string read_accounts(int root, const char* path) {
  std::string text;
  const auto file = open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat found {};
  if (!file.ok() || ::fstat(file.value().get(), &found) != 0 || !S_ISREG(found.st_mode))
    return text;
  char block[4096];
  while (text.size() < kLargestFile) {
    const ssize_t got = ::read(file.value().get(), block, sizeof block);
    if (got <= 0) break;
    text.append(block, static_cast<std::size_t>(got));
  }
  return text;
}

// Cuts off what is before `separator`, or all.
std::string_view next_part(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

std::string_view field(std::string_view line, int wanted) {
  while (wanted-- > 0) next_part(line, ':');
  return next_part(line, ':');
}

// The first line for which `wanted` holds; empty when there is none.
template <class Wanted>
std::string_view find_line(std::string_view text, const Wanted& wanted) {
  while (!text.empty())
    if (const std::string_view line = next_part(text, '\n'); wanted(line)) return line;
  return {};
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// -1 is "leave as it is" to the kernel.
std::optional<std::uint32_t> id_of(std::string_view text) {
  std::uint32_t id = 0;
  if (!is_number(text) ||
      std::from_chars(text.data(), text.data() + text.size(), id).ec != std::errc{} ||
      id == 0xffffffff)
    return std::nullopt;
  return id;
}

Error no_such(std::string_view kind, std::string_view name, const char* file) {
  return make_error(ErrorCode::kNotFound,
                    concat("unable to find ", kind, ' ', name, ": no matching entries in ", file));
}

Result<std::uint32_t> checked_id(std::string_view text, std::string_view kind) {
  if (const auto id = id_of(text)) return *id;
  return make_error(ErrorCode::kInvalidArgument,
                    concat(kind, " '", text, "': expected a number from 0 to 4294967294"));
}

Result<gid_t> find_group(std::string_view groups, std::string_view name) {
  if (is_number(name)) return checked_id(name, "group");
  const auto line = find_line(groups, [&](auto entry) { return field(entry, 0) == name; });
  if (line.empty()) return no_such("group", name, kGroup);
  return checked_id(field(line, 2), "group");
}

bool lists(std::string_view members, std::string_view name) {
  while (!members.empty())
    if (next_part(members, ',') == name) return true;
  return false;
}

void add_group(ProcessPlan& plan, gid_t group) {
  const bool known = std::find(plan.groups.begin(), plan.groups.end(), group) != plan.groups.end();
  if (!known && plan.groups.size() < kMostGroups) plan.groups.push_back(group);
}

void add_groups_of(std::string_view groups, std::string_view user, ProcessPlan& plan) {
  while (!groups.empty()) {
    const std::string_view line = next_part(groups, '\n');
    const auto id = id_of(field(line, 2));
    if (id && lists(field(line, 3), user)) add_group(plan, *id);
  }
}

}  // namespace

Result<void> find_user(int root, const UserNames& names, ProcessPlan& plan) {
  if (names.user.empty()) return {};
  const std::string passwd = read_accounts(root, kPasswd), groups = read_accounts(root, kGroup);
  const bool by_number = is_number(names.user);
  const int key = by_number ? 2 : 0;
  const auto line = find_line(passwd, [&](auto entry) { return field(entry, key) == names.user; });
  if (line.empty() && !by_number) return no_such("user", names.user, kPasswd);
  plan.uid = KATA_TRY(checked_id(by_number ? names.user : field(line, 2), "user"), "");
  plan.gid = 0;
  plan.groups.clear();
  if (!names.group.empty()) {
    plan.gid = KATA_TRY(find_group(groups, names.group), "");
  } else if (!line.empty()) {
    plan.gid = KATA_TRY(checked_id(field(line, 3), "group"), "");
    add_groups_of(groups, field(line, 0), plan);
  }
  for (const std::string& group : names.more_groups)
    add_group(plan, KATA_TRY(find_group(groups, group), ""));
  return {};
}

std::string home_directory(int root, uid_t uid) {
  const std::string text = read_accounts(root, kPasswd), wanted = std::to_string(uid);
  const auto line = find_line(text, [&](auto entry) {
    const auto home = field(entry, 5);
    return field(entry, 2) == wanted && home.starts_with('/') &&
           home.find('\0') == std::string_view::npos;
  });
  return line.empty() ? "/" : std::string(field(line, 5));
}

}  // namespace kata::agent
