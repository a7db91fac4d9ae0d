// SPDX-License-Identifier: Apache-2.0
#include "agent/container/storage_ephemeral.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <charconv>

#include "agent.pb.h"
#include "agent/container/mount_options.h"
#include "agent/container/mount_tree.h"
#include "core/base/files.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

Result<long> number(std::string_view text, int base, std::string_view option) {
  long value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || value < 0 ||
      value > 0xfffffffeL)
    return invalid(concat("option '", option, "': '", text, "' is not such a number"));
  return value;
}

// chown(2) first: it clears the setgid bit.
Result<void> give_to_group(int directory, long group, long mode) {
  const std::string path = fd_path(directory);
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return errno_error("look at the directory", errno);
  mode_t wanted = mode >= 0 ? static_cast<mode_t>(mode) & 07777 : found.st_mode & 07777;
  if (group >= 0) {
    if (::chown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group)) != 0)
      return errno_error(concat("give it to group ", group), errno);
    wanted |= S_ISGID;
  }
  if (::chmod(path.c_str(), wanted) != 0) return errno_error("set its mode", errno);
  return {};
}

struct HugePages {
  long page_bytes = 0, bytes = 0;
};

Result<HugePages> parse_huge_pages(const std::vector<std::string>& options) {
  HugePages wanted;
  for (std::string_view rest : options) {
    for (;;) {
      const std::size_t comma = rest.find(',');
      const std::string_view word = rest.substr(0, comma);
      if (word.starts_with("pagesize="))
        wanted.page_bytes = KATA_TRY(number(word.substr(9), 10, "pagesize"), "");
      else if (word.starts_with("size="))
        wanted.bytes = KATA_TRY(number(word.substr(5), 10, "size"), "");
      else
        return invalid(concat("option '", word, "': huge pages take pagesize and size only"));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  if (wanted.page_bytes < 1024 || wanted.bytes < wanted.page_bytes)
    return invalid("options: huge pages need pagesize=<bytes> and size=<bytes>");
  return wanted;
}

// The kernel gives as many pages as it finds; fewer than asked for is a failure.
Result<void> reserve_huge_pages(const HugePages& wanted) {
  const std::string file =
      concat("/sys/kernel/mm/hugepages/hugepages-", wanted.page_bytes / 1024, "kB/nr_hugepages");
  const std::string count = std::to_string(wanted.bytes / wanted.page_bytes);
  KATA_TRY(write_existing(file, count), "reserve huge pages");
  const std::string got = KATA_TRY(read_file(file), "");
  if (got.substr(0, got.find('\n')) == count) return {};
  return make_error(ErrorCode::kResourceExhausted,
                    concat("reserve huge pages: ", count, " wanted, the guest has room for ", got));
}

}  // namespace

Result<StorageOptions> parse_storage_options(const grpc::Storage& storage, bool take_mode) {
  StorageOptions options;
  for (const std::string& word : storage.options()) {
    const std::string_view text = word;
    if (text.starts_with("fsgid="))
      options.group = KATA_TRY(number(text.substr(6), 10, "fsgid"), "");
    else if (take_mode && text.starts_with("mode="))
      options.mode = KATA_TRY(number(text.substr(5), 8, "mode"), "");
    else
      options.mount.push_back(word);
  }
  return options;
}

Result<void> mount_ephemeral(const grpc::Storage& storage, int target) {
  const auto options = KATA_TRY(parse_storage_options(storage, false), "");
  auto words = KATA_TRY(parse_storage_options(options.mount), "");
  if (storage.fstype() == "hugetlbfs") {
    const HugePages wanted = KATA_TRY(parse_huge_pages(options.mount), "");
    KATA_TRY(reserve_huge_pages(wanted), "");
    words.data = {concat("pagesize=", wanted.page_bytes), concat("size=", wanted.bytes)};
  } else if (storage.fstype() != "tmpfs") {
    return invalid(concat("fstype: '", storage.fstype(), "' is not tmpfs or hugetlbfs"));
  }
  const UniqueFd tree =
      KATA_TRY(new_filesystem(storage.fstype(), storage.source(), words.data), "");
  KATA_TRY(set_attributes(tree.get(), words.attributes, false), "");
  if (options.group >= 0) KATA_TRY(give_to_group(tree.get(), options.group, -1), "");
  return attach_tree(tree.get(), target);
}

Result<void> remount_ephemeral(const grpc::Storage& storage, int mount) {
  const auto options = KATA_TRY(parse_storage_options(storage, false), "");
  const auto words = KATA_TRY(parse_storage_options(options.mount), "");
  struct statfs found {};
  if (::fstatfs(mount, &found) != 0) return errno_error("look at the mount", errno);
  if (storage.fstype() != "tmpfs" || found.f_type != TMPFS_MAGIC)
    return invalid(concat("fstype: '", storage.fstype(), "' cannot be remounted, only tmpfs can"));
  return reconfigure_filesystem(mount, words.data);
}

Result<void> set_up_local(const grpc::Storage& storage, int directory) {
  const auto options = KATA_TRY(parse_storage_options(storage, true), "");
  if (!options.mount.empty())
    return invalid(concat("option '", options.mount.front(),
                          "': a local storage takes mode and "
                          "fsgid only"));
  return give_to_group(directory, options.group, options.mode);
}

}  // namespace kata::agent
