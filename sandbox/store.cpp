// SPDX-License-Identifier: Apache-2.0
#include "sandbox/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>

#include "core/base/files.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"
#include "sandbox/remove_tree.h"
#include "sandbox/store_records.h"

namespace kata::sandbox {

namespace fs = std::filesystem;

namespace {

constexpr const char* kContainerFile = "container.json";
constexpr const char* kSandboxFile = "sandbox.json";
constexpr const char* kBirthFile = "sandbox.born.json";
constexpr std::chrono::milliseconds kLockStep{5};
constexpr std::chrono::seconds kLockOfNew{5};
constexpr std::size_t kMaxRecordSize = 4U << 20;  // bytes

Error unknown(std::string_view id) {
  return make_error(ErrorCode::kNotFound, concat("container '", id, "' does not exist"));
}

// Only a regular file of ours counts: the records decide what root starts and kills.
Result<std::string> read_record(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return errno_error(concat("open record '", file, "'"), errno);
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return errno_error(concat("examine '", file, "'"), errno);
  if (!S_ISREG(about.st_mode) || about.st_uid != ::geteuid() || (about.st_mode & 022) != 0)
    return make_error(ErrorCode::kPermission,
                      concat("record '", file, "': expected a regular file of uid ", ::geteuid(),
                             " that others cannot write to"));
  std::string content(std::min(static_cast<std::size_t>(about.st_size) + 1, kMaxRecordSize + 1),
                      '\0');
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(fd.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(concat("read record '", file, "'"), errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled > kMaxRecordSize)
    return make_error(ErrorCode::kResourceExhausted,
                      concat("record '", file, "' is larger than ", kMaxRecordSize, " bytes"));
  content.resize(filled);
  return content;
}

// The lock may be that of a directory which another verb has just removed.
bool is_still(const fs::path& directory, int fd) {
  struct stat named {
  }, opened{};
  return ::lstat(directory.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

// The open and locked directory; nothing while another has the lock.
Result<std::optional<UniqueFd>> try_lock(const fs::path& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return errno_error(concat("open '", directory, "'"), errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0)
    return is_still(directory, fd.get()) ? std::optional(std::move(fd)) : std::nullopt;
  if (errno == EWOULDBLOCK || errno == EINTR) return std::optional<UniqueFd>();
  return errno_error(concat("lock '", directory, "'"), errno);
}

Result<void> make_root(const fs::path& root) {
  if (::mkdir(root.c_str(), 0700) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return errno_error(concat("make run directory '", root, "'"), errno);
  if (root.parent_path() != root) KATA_TRY(make_root(root.parent_path()), "");
  if (::mkdir(root.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return errno_error(concat("make run directory '", root, "'"), errno);
}

}  // namespace

Result<UniqueFd> Store::reserve(std::string_view id) const {
  KATA_TRY(check_id(id), "");
  KATA_TRY(make_root(root_), "");
  if (::mkdir(directory(id).c_str(), 0700) != 0) {
    if (errno == EEXIST)
      return make_error(ErrorCode::kAlreadyExists, concat("container '", id, "' already exists"));
    return errno_error(concat("make directory '", directory(id), "'"), errno);
  }
  auto locked = lock(id, std::chrono::steady_clock::now() + kLockOfNew);
  if (locked.ok()) return locked;
  ::rmdir(directory(id).c_str());
  return in_context(std::move(locked).error(), "lock the new container");
}

Result<UniqueFd> Store::lock(std::string_view id, Deadline deadline) const {
  KATA_TRY(check_id(id), "");
  for (;;) {
    auto locked = try_lock(directory(id));
    if (!locked.ok() && locked.error().code == ErrorCode::kNotFound) return unknown(id);
    auto lock = KATA_TRY(std::move(locked), "");
    if (lock) return std::move(*lock);
    if (std::chrono::steady_clock::now() >= deadline)
      return make_error(ErrorCode::kTimeout,
                        concat("container '", id,
                               "' is busy: another verb is at work on it; try again later, or end "
                               "both by 'kata-runtime delete --force ",
                               id, "'"));
    std::this_thread::sleep_for(kLockStep);
  }
}

Result<void> Store::remove(std::string_view id) const {
  KATA_TRY(check_id(id), "");
  const UniqueFd root(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root && errno == ENOENT) return {};
  if (!root) return errno_error(concat("open run directory '", root_, "'"), errno);
  KATA_TRY(remove_tree(root.get(), std::string(id), {kContainerFile, kBirthFile, kSandboxFile}),
           concat("remove '", directory(id), "'"));
  return {};
}

Result<ContainerRecord> Store::load_container(std::string_view id) const {
  KATA_TRY(check_id(id), "");
  const fs::path file = directory(id) / kContainerFile;
  auto text = read_record(file);
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) return unknown(id);
  if (!text.ok()) return with_remedy(std::move(text).error(), id);
  return container_from_json(text.value(), file.native(), id);
}

Result<void> Store::save(const ContainerRecord& record) const {
  return write_file_atomically(directory(record.id) / kContainerFile, to_json(record));
}

Result<SandboxRecord> Store::load_sandbox(std::string_view id) const {
  return load_sandbox_from(id, kSandboxFile);
}

Result<SandboxRecord> Store::load_sandbox_from(std::string_view id, const char* name) const {
  KATA_TRY(check_id(id), "");
  const fs::path file = directory(id) / name;
  auto text = read_record(file);
  if (!text.ok() && text.error().code == ErrorCode::kNotFound)
    return make_error(ErrorCode::kNotFound, concat("sandbox '", id, "' does not exist"));
  if (!text.ok()) return with_remedy(std::move(text).error(), id);
  return sandbox_from_json(text.value(), file.native(), id);
}

Result<SandboxRecord> Store::load_sandbox_or_birth(std::string_view id) const {
  auto record = load_sandbox(id);
  if (record.ok()) return record;
  auto birth = load_sandbox_from(id, kBirthFile);
  return birth.ok() ? std::move(birth) : std::move(record);
}

Result<void> Store::save_at_birth(const SandboxRecord& record) const {
  KATA_TRY(write_file_atomically(directory(record.id) / kBirthFile, to_json(record)), "");
  return save(record);
}

Result<void> Store::save(const SandboxRecord& record) const {
  return write_file_atomically(directory(record.id) / kSandboxFile, to_json(record));
}

Result<std::vector<std::string>> Store::container_ids() const {
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(root_.c_str()), ::closedir);
  if (!stream && errno == ENOENT) return std::vector<std::string>();
  if (!stream) return errno_error(concat("read run directory '", root_, "'"), errno);
  std::vector<std::string> ids;
  while (const dirent* entry = ::readdir(stream.get()))
    if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && check_id(entry->d_name).ok())
      ids.emplace_back(entry->d_name);
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<void> check_id(std::string_view id) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
  constexpr std::size_t kLongest = 1024;
  if (id.empty() || id.size() > kLongest || id == "." || id == ".." ||
      id.find_first_not_of(kAllowed) != std::string_view::npos)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("invalid container id '", id.substr(0, 80),
                             "': use 1 to 1024 of the characters A-Z a-z 0-9 _ + - ."));
  return {};
}

// One read of /proc/<pid>/stat: a zombie is not alive any more, though its pid is still taken.
bool is_alive(const ProcessRef& process) {
  if (process.pid <= 0) return false;
  const UniqueFd fd(::open(concat("/proc/", process.pid, "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  char text[1024];
  const ssize_t size = fd ? ::read(fd.get(), text, sizeof text - 1) : -1;
  if (size <= 0) return false;
  text[size] = '\0';
  std::string_view fields(text, static_cast<std::size_t>(size));
  const std::size_t name_end = fields.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= fields.size()) return false;
  const char state = fields[name_end + 2];
  std::size_t at = name_end;
  for (int field = 2; field < 22 && at != std::string_view::npos; ++field)
    at = fields.find(' ', at + 1);
  if (state == 'Z' || state == 'X' || at == std::string_view::npos) return false;
  return ::strtoull(text + at + 1, nullptr, 10) == process.start_time;
}

}  // namespace kata::sandbox
