// SPDX-License-Identifier: Apache-2.0
#include "agent/container/mount_options.h"

#include <sys/mount.h>

#include <algorithm>

#include "agent/container/names.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

struct AttributeWord {
  std::string_view word;
  std::uint64_t set, clear;
};

// The access-time bits are one field: a change clears it whole.
constexpr AttributeWord kAttributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
};

constexpr std::string_view kIgnored[] = {
    "defaults", "_netdev", "auto",   "noauto", "group",    "nofail",     "owner",       "user",
    "nouser",   "users",   "silent", "loud",   "iversion", "noiversion", "copy-symlink"};

const AttributeWord* find_attribute(std::string_view word) {
  const auto* found = std::find_if(std::begin(kAttributes), std::end(kAttributes),
                                   [&](const AttributeWord& entry) { return entry.word == word; });
  return found == std::end(kAttributes) ? nullptr : found;
}

// A later word wins over an earlier one.
void merge(MountAttributes& attributes, const AttributeWord& word) {
  attributes.set = (attributes.set & ~word.clear) | word.set;
  attributes.clear = (attributes.clear & ~word.set) | word.clear;
}

bool take_attribute(std::string_view word, MountOptions& options) {
  if (const auto* plain = find_attribute(word)) {
    merge(options.attributes, *plain);
    return true;
  }
  if (!word.starts_with('r')) return false;
  if (const auto* recursive = find_attribute(word.substr(1))) {
    merge(options.recursive, *recursive);
    return true;
  }
  return false;
}

bool take_switch(std::string_view word, MountOptions& options) {
  if (word == "bind")
    options.bind = true;
  else if (word == "rbind")
    options.bind = options.rbind = true;
  else if (word == "remount")
    options.remount = true;
  else if (word == "tmpcopyup")
    options.copy_up = true;
  else
    return false;
  return true;
}

Result<void> take_word(std::string_view word, MountOptions& options) {
  if (word.empty() || word.starts_with("x-") ||
      std::find(std::begin(kIgnored), std::end(kIgnored), word) != std::end(kIgnored))
    return {};
  const std::string_view name = word.substr(0, word.find('='));
  if (name == "idmap" || name == "ridmap") {
    options.id_map = KATA_TRY(parse_mount_id_map(word), "");
    return {};
  }
  if (name == "loop")
    return make_error(ErrorCode::kUnsupported,
                      concat("mount option '", word, "' is not supported"));
  if (take_switch(word, options) || take_attribute(word, options)) return {};
  if (auto propagation = propagation_flag(word); propagation.ok())
    options.propagation.push_back(propagation.value());
  else
    options.data.emplace_back(word);
  return {};
}

}  // namespace

Result<MountOptions> parse_mount_options(const std::vector<std::string>& words) {
  MountOptions options;
  for (std::string_view text : words) {
    KATA_TRY(check_text(text, "mount option"), "");
    for (;;) {
      const std::size_t comma = text.find(',');
      KATA_TRY(take_word(text.substr(0, comma), options), "");
      if (comma == std::string_view::npos) break;
      text.remove_prefix(comma + 1);
    }
  }
  return options;
}

Result<MountOptions> parse_storage_options(const std::vector<std::string>& words) {
  MountOptions options = KATA_TRY(parse_mount_options(words), "");
  if (!options.id_map) return options;
  return make_error(ErrorCode::kUnsupported,
                    "mount option 'idmap' is not for storages: give it to the container's mount");
}

}  // namespace kata::agent
