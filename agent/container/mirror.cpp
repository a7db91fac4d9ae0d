// SPDX-License-Identifier: Apache-2.0
#include "agent/container/mirror.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <memory>

#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTemporary = ".kata-mirror";
constexpr std::ptrdiff_t kDeepest = 16;

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

Error too_large(const MirrorLimits& limits) {
  return make_error(ErrorCode::kResourceExhausted,
                    concat("more than ", limits.entries, " entries or ", limits.bytes, " bytes"));
}

Result<std::string> read_link(int directory, const char* name) {
  char text[PATH_MAX];
  const ssize_t got = ::readlinkat(directory, name, text, sizeof text);
  if (got < 0) return errno_error(concat("read link '", name, "'"), errno);
  return std::string(text, static_cast<std::size_t>(got));
}

Result<UniqueFd> open_parent(int root, const fs::path& path) {
  return open_beneath(root, path.has_parent_path() ? path.parent_path() : fs::path("."),
                      O_PATH | O_DIRECTORY);
}

// At most `size` bytes more than expected means that the file has grown: its end comes next time.
Result<std::string> read_up_to(int fd, std::uint64_t size) {
  std::string content(size, '\0');
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got =
        ::pread(fd, content.data() + filled, content.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read", errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  content.resize(filled);
  return content;
}

Result<void> write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write", errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Over what is there, so that no reader ever finds nothing.
Result<void> put_in_place(int directory, const std::string& temporary, const std::string& name) {
  if (::renameat(directory, temporary.c_str(), directory, name.c_str()) == 0) return {};
  const int number = errno;
  ::unlinkat(directory, temporary.c_str(), 0);
  return errno_error("rename into place", number);
}

}  // namespace

Result<Mirror::Items> Mirror::scan() const {
  Items items;
  KATA_TRY(scan_directory(source_.get(), "", items), "");
  std::uint64_t bytes = 0;
  for (const auto& [path, item] : items) bytes += item.size;
  if (bytes > limits_.bytes) return too_large(limits_);
  return items;
}

Result<void> Mirror::scan_directory(int directory, const std::string& prefix, Items& items) const {
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseDirectory> stream(fd < 0 ? nullptr : ::fdopendir(fd));
  if (!stream) return errno_error(concat("list '", prefix, "'"), errno);
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat found {};
    if (::fstatat(fd, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // gone meanwhile: the next scan differs
      return errno_error(concat("look at '", prefix, name, "'"), errno);
    }
    Item item{found.st_mode, found.st_uid, found.st_gid};
    if (S_ISREG(found.st_mode)) {
      item.size = static_cast<std::uint64_t>(found.st_size);
      item.changed_ns = found.st_mtim.tv_sec * 1'000'000'000L + found.st_mtim.tv_nsec;
    } else if (S_ISLNK(found.st_mode)) {
      item.link = KATA_TRY(read_link(fd, name.c_str()), prefix);
    } else if (!S_ISDIR(found.st_mode)) {
      continue;
    }
    if (items.size() >= limits_.entries) return too_large(limits_);
    items.emplace(prefix + name, item);
    if (!S_ISDIR(found.st_mode)) continue;
    if (std::ranges::count(prefix, '/') >= kDeepest) return too_large(limits_);
    const UniqueFd child = KATA_TRY(open_beneath(fd, name, O_PATH | O_DIRECTORY), prefix);
    KATA_TRY(scan_directory(child.get(), concat(prefix, name, '/'), items), "");
  }
  return {};
}

// Something that lies where `now` has a file, or below it.
bool Mirror::is_in_the_way(const std::string& path, const Item& item, const Items& now) {
  const auto wanted = now.find(path);
  if (wanted != now.end()) return (wanted->second.mode & S_IFMT) != (item.mode & S_IFMT);
  for (fs::path parent = fs::path(path).parent_path(); !parent.empty();
       parent = parent.parent_path())
    if (const auto above = now.find(parent); above != now.end())
      return !S_ISDIR(above->second.mode);
  return false;
}

Result<void> Mirror::copy_file(const std::string& path, const Item& item) const {
  const fs::path place = path;
  const UniqueFd from = KATA_TRY(open_beneath(source_.get(), place, O_RDONLY | O_NONBLOCK), "");
  const std::string content = KATA_TRY(read_up_to(from.get(), item.size), "");
  const UniqueFd parent = KATA_TRY(open_parent(target_.get(), place), "");
  const std::string temporary(kTemporary);
  ::unlinkat(parent.get(), temporary.c_str(), 0);
  const UniqueFd to(::openat(parent.get(), temporary.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!to) return errno_error("make a file", errno);
  KATA_TRY(write_all(to.get(), content), "");
  if (::fchown(to.get(), item.uid, item.gid) != 0 || ::fchmod(to.get(), item.mode & 07777) != 0)
    return errno_error("set owner and mode", errno);
  return put_in_place(parent.get(), temporary, place.filename());
}

Result<void> Mirror::place_link(const std::string& path, const Item& item) const {
  const fs::path place = path;
  const UniqueFd parent = KATA_TRY(open_parent(target_.get(), place), "");
  const std::string temporary(kTemporary);
  ::unlinkat(parent.get(), temporary.c_str(), 0);
  if (::symlinkat(item.link.c_str(), parent.get(), temporary.c_str()) != 0)
    return errno_error("make a link", errno);
  if (::fchownat(parent.get(), temporary.c_str(), item.uid, item.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error("set owner", errno);
  return put_in_place(parent.get(), temporary, place.filename());
}

Result<void> Mirror::make_directory(const std::string& path, const Item& item) const {
  const UniqueFd made = KATA_TRY(make_directories_beneath(target_.get(), path, 0755), "");
  const std::string name = fd_path(made.get());
  if (::chown(name.c_str(), item.uid, item.gid) != 0 ||
      ::chmod(name.c_str(), item.mode & 07777) != 0)
    return errno_error("set owner and mode", errno);
  return {};
}

Result<void> Mirror::make(const Items& now, bool links) {
  for (const auto& [path, item] : now) {
    const auto known = last_.find(path);
    if (S_ISLNK(item.mode) != links || (known != last_.end() && known->second == item)) continue;
    const std::string action = concat("copy '", path, "'");
    if (links)
      KATA_TRY(place_link(path, item), action);
    else if (S_ISDIR(item.mode))
      KATA_TRY(make_directory(path, item), action);
    else
      KATA_TRY(copy_file(path, item), action);
    last_.insert_or_assign(path, item);
  }
  return {};
}

// What lies in a directory goes before it.
Result<void> Mirror::remove_missing(const Items& now, bool only_in_the_way) {
  for (auto entry = last_.end(); entry != last_.begin();) {
    --entry;
    const auto& [path, item] = *entry;
    if (only_in_the_way ? !is_in_the_way(path, item, now) : now.contains(path)) continue;
    const bool is_directory = S_ISDIR(item.mode);
    const auto parent = open_parent(target_.get(), path);
    if (parent.ok() &&
        ::unlinkat(parent.value().get(), fs::path(path).filename().c_str(),
                   is_directory ? AT_REMOVEDIR : 0) != 0 &&
        errno != ENOENT)
      return errno_error(concat("remove '", path, "'"), errno);
    entry = last_.erase(entry);
  }
  return {};
}

Result<void> Mirror::update() {
  constexpr int kTries = 3;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const Items now = KATA_TRY(scan(), "");
    if (now == last_) return {};
    KATA_TRY(remove_missing(now, true), "");
    KATA_TRY(make(now, false), "");
    if (KATA_TRY(scan(), "") != now) continue;
    KATA_TRY(make(now, true), "");
    KATA_TRY(remove_missing(now, false), "");
    return {};
  }
  return {};
}

Result<void> Mirror::clear() { return remove_missing({}, false); }

}  // namespace kata::agent
