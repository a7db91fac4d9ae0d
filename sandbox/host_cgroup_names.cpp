// SPDX-License-Identifier: Apache-2.0
//
// The texts of host_cgroup.h: paths, the mount table, device numbers.
#include <algorithm>
#include <charconv>
#include <sstream>

#include "kata/concat.h"
#include "sandbox/host_cgroup.h"

namespace kata::sandbox {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestPath = 3072;  // the kernel takes 4096 with the mount point
constexpr std::string_view kSlice = ".slice";

Error bad_path(std::string_view path, std::string_view expected) {
  return make_error(ErrorCode::kInvalidArgument,
                    concat("config.json: linux.cgroupsPath: expected ", expected, ", found '",
                           path.substr(0, 80), "'"));
}

bool is_plain(std::string_view name) {
  return name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos &&
         name != "." && name != "..";
}

// "a-b.slice" → "/a.slice/a-b.slice"; "-.slice" is systemd's root.
Result<std::string> slice_path(std::string_view slice, std::string_view whole) {
  if (slice.empty()) return std::string("/system.slice");
  if (slice == "-.slice") return std::string();
  const std::string_view name =
      slice.substr(0, slice.size() - std::min(slice.size(), kSlice.size()));
  if (!slice.ends_with(kSlice) || name.empty() || !is_plain(slice) || name.starts_with('-') ||
      name.ends_with('-') || name.find("--") != std::string_view::npos)
    return bad_path(whole, "a slice like 'a-b.slice' before the first ':'");
  std::string path;
  for (std::size_t dash = name.find('-');; dash = name.find('-', dash + 1)) {
    path += concat('/', name.substr(0, dash), kSlice);
    if (dash == std::string_view::npos) return path;
  }
}

Result<std::string> scope_path(std::string_view text) {
  const std::size_t first = text.find(':');
  const std::size_t second = text.find(':', first + 1);
  const std::string_view prefix = text.substr(first + 1, second - first - 1);
  const std::string_view name = text.substr(second + 1);
  const std::string slice = KATA_TRY(slice_path(text.substr(0, first), text), "");
  if (name.empty() || !is_plain(name) || !is_plain(prefix))
    return bad_path(text, "'slice:prefix:name' with a name and without '/'");
  if (name.ends_with(kSlice)) return concat(slice, '/', name);
  return concat(slice, '/', prefix, prefix.empty() ? "" : "-", name, ".scope");
}

// systemd's own rule for the names of units.
bool is_unit_name(std::string_view name) {
  constexpr std::size_t kLongestUnit = 255;
  const auto allowed = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("_.-\\@").find(static_cast<char>(c)) != std::string_view::npos;
  };
  return name.size() <= kLongestUnit && !name.starts_with('@') &&
         std::all_of(name.begin(), name.end(), allowed);
}

// As systemd-escape(1) would write what an id can have and a unit's name cannot.
std::string escaped_for_unit(std::string_view id) {
  std::string name;
  for (const char c : id) name += c == '+' ? std::string("\\x2b") : std::string(1, c);
  return name;
}

// A group's name cannot be longer than a file's, and an id can.
std::string name_of(std::string_view sandbox_id) {
  constexpr std::size_t kLongest = 200;
  if (sandbox_id.size() <= kLongest) return std::string(sandbox_id);
  return concat(sandbox_id.substr(0, kLongest), '-', std::hash<std::string_view>{}(sandbox_id));
}

// The mount table writes a space as \040.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
    if (text[at] == '\\' && at + 3 < text.size() && is_octal(text[at + 1]) &&
        is_octal(text[at + 2]) && is_octal(text[at + 3])) {
      plain += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 +
                                 (text[at + 3] - '0'));
      at += 3;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

std::vector<std::string> words_of(const std::string& line, char separator) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; std::getline(stream, word, separator);)
    if (!word.empty()) words.push_back(std::move(word));
  return words;
}

constexpr std::string_view kMountOptions[] = {"rw", "ro", "xattr", "noprefix", "clone_children"};

std::vector<std::string> controllers_in(const std::string& options) {
  std::vector<std::string> names = words_of(options, ',');
  std::erase_if(names, [](const std::string& name) {
    return name.starts_with("release_agent=") ||
           std::find(std::begin(kMountOptions), std::end(kMountOptions), name) !=
               std::end(kMountOptions);
  });
  return names;
}

// The number of a character device driver, or -1.
std::int32_t major_of(std::string_view proc_devices, std::string_view driver) {
  std::istringstream lines{std::string(proc_devices)};
  for (std::string line; std::getline(lines, line) && line != "Block devices:";) {
    const auto words = words_of(line, ' ');
    std::int32_t number = -1;
    if (words.size() == 2 && words[1] == driver &&
        std::from_chars(words[0].data(), words[0].data() + words[0].size(), number).ec ==
            std::errc{})
      return number;
  }
  return -1;
}

}  // namespace

bool has_systemd_form(std::string_view path) {
  return !path.starts_with('/') && std::count(path.begin(), path.end(), ':') == 2;
}

Result<std::string> cgroup_path(std::string_view cgroups_path, std::string_view sandbox_id) {
  if (cgroups_path.size() > kLongestPath || cgroups_path.find('\0') != std::string_view::npos)
    return bad_path(cgroups_path, "a path of at most 3072 bytes");
  const std::string own = concat("/kata/", name_of(sandbox_id));
  if (cgroups_path.empty()) return own;
  if (has_systemd_form(cgroups_path)) return scope_path(cgroups_path);
  fs::path path = (fs::path("/") / cgroups_path).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path == "/" ? own : path.native();
}

Result<std::string> systemd_cgroups_path(std::string_view cgroups_path,
                                         std::string_view sandbox_id) {
  if (cgroups_path.empty()) return concat(":kata:", name_of(escaped_for_unit(sandbox_id)));
  if (!has_systemd_form(cgroups_path))
    return bad_path(cgroups_path,
                    "'slice:prefix:name', because of --systemd-cgroup: leave that out for a path");
  const fs::path path = KATA_TRY(cgroup_path(cgroups_path, sandbox_id), "");
  if (path.extension() != ".scope")
    return bad_path(cgroups_path, "the name of a scope: a slice of systemd holds no processes");
  for (const fs::path& part : path.relative_path())
    if (!is_unit_name(part.native()))
      return bad_path(cgroups_path,
                      "names of at most 255 characters out of A-Z a-z 0-9 _ . - \\ @, as systemd "
                      "takes them for units");
  return std::string(cgroups_path);
}

std::string overhead_cgroup_path(std::string_view sandbox_id) {
  return concat("/kata_overhead/", name_of(sandbox_id));
}

std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const auto before = words_of(line.substr(0, dash), ' ');
    const auto after = words_of(line.substr(dash + 3), ' ');
    if (before.size() < 6 || after.size() < 3) continue;
    CgroupMount mount;
    mount.unified = after[0] == "cgroup2";
    if (!mount.unified && after[0] != "cgroup") continue;
    mount.mount_point = unescaped(before[4]);
    if (!mount.unified) mount.controllers = controllers_in(after[2]);
    const bool again = std::any_of(mounts.begin(), mounts.end(), [&](const CgroupMount& known) {
      return known.unified == mount.unified && known.controllers == mount.controllers;
    });
    if (!again) mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::vector<DeviceRule> devices_of_a_vmm(std::string_view proc_devices) {
  std::vector<DeviceRule> rules = {
      {'c', -1, -1, "m"}, {'b', -1, -1, "m"},  // to make a node is not to open it
      {'c', 1, 3},        {'c', 1, 5},         // null, zero
      {'c', 1, 7},        {'c', 1, 8},         // full, random
      {'c', 1, 9},        {'c', 5, 0},         // urandom, tty
      {'c', 5, 1},        {'c', 5, 2},         // console, ptmx
      {'c', 136, -1},     {'c', 10, 232},      // terminals, kvm
      {'c', 10, 238},     {'c', 10, 241},      // vhost-net, vhost-vsock
      {'c', 10, 200},     {'c', 10, 196},      // tun, vfio
      {'c', 10, 237},     {'b', 7, -1},        // loop devices
  };
  if (const std::int32_t macvtap = major_of(proc_devices, "macvtap"); macvtap >= 0)
    rules.push_back({'c', macvtap, -1});
  return rules;
}

}  // namespace kata::sandbox
