// SPDX-License-Identifier: Apache-2.0
#include "agent/copy_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "agent.pb.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 255;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

// Where the file goes: an open directory and a name in it.
struct Place {
  UniqueFd parent{};
  std::string name{};
  bool top = false;  // the parent is the root itself
};

bool has_part(const fs::path& path, std::string_view part) {
  return std::any_of(path.begin(), path.end(), [&](const auto& one) { return one == part; });
}

Result<fs::path> path_below(const fs::path& root, const std::string& path) {
  const fs::path asked(path);
  if (path.find('\0') != std::string::npos || !asked.is_absolute() || has_part(asked, "..") ||
      has_part(asked, "."))
    return invalid(concat("path: '", path, "' is not an absolute path without '..'"));
  const fs::path below = asked.lexically_normal().lexically_relative(root.lexically_normal());
  if (below.empty() || below == "." || *below.begin() == ".." || !below.has_filename())
    return invalid(concat("path: '", path, "' does not lie below '", root, "'"));
  if (below.filename().native().size() > kLongestName)
    return invalid(concat("path: the last name has more than ", kLongestName, " bytes"));
  return below;
}

Result<void> check_numbers(const grpc::CopyFileRequest& request) {
  if (request.file_size() < 0) return invalid("file_size: is negative");
  if (request.offset() < 0) return invalid("offset: is negative");
  if (request.uid() < -1 || request.gid() < -1) return invalid("uid, gid: are below -1");
  return {};
}

Result<void> check_chunk(const grpc::CopyFileRequest& request) {
  const auto size = static_cast<std::int64_t>(request.data().size());
  if (request.offset() > request.file_size() || size > request.file_size() - request.offset())
    return invalid(concat("data: ", size, " bytes at offset ", request.offset(),
                          " end behind file_size ", request.file_size()));
  return {};
}

// The owner first: chown(2) clears the set-id bits.
Result<void> finish(int fd, const grpc::CopyFileRequest& request) {
  const std::string path = fd_path(fd);
  if (::chown(path.c_str(), static_cast<uid_t>(request.uid()), static_cast<gid_t>(request.gid())) !=
      0)
    return errno_error("give it to its owner", errno);
  if (::chmod(path.c_str(), request.file_mode() & 07777) != 0)
    return errno_error("set its mode", errno);
  return {};
}

// As Kata does, the owner of the file gets its directory too; never the root.
Result<Place> open_place(const fs::path& root, const fs::path& below,
                         const grpc::CopyFileRequest& request) {
  std::error_code failed;
  fs::create_directories(root, failed);
  const UniqueFd top(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) return errno_error(concat("open '", root, "'"), errno);
  Place place{{}, below.filename(), !below.has_parent_path()};
  place.parent = KATA_TRY(
      make_directories_beneath(top.get(), below.parent_path(), request.dir_mode() & 0777), "");
  if (!place.top && ::chown(fd_path(place.parent.get()).c_str(), static_cast<uid_t>(request.uid()),
                            static_cast<gid_t>(request.gid())) != 0)
    return errno_error(concat("give directory '", below.parent_path(), "' to its owner"), errno);
  return place;
}

// A directory only when it is empty: its content may be somebody's.
Result<void> remove_old(const Place& place) {
  if (::unlinkat(place.parent.get(), place.name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno == EISDIR && ::unlinkat(place.parent.get(), place.name.c_str(), AT_REMOVEDIR) == 0)
    return {};
  return errno_error("remove what is in its place", errno);
}

Result<void> copy_directory(const Place& place, const grpc::CopyFileRequest& request) {
  struct stat found {};
  const bool there =
      ::fstatat(place.parent.get(), place.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
  if (there && !S_ISDIR(found.st_mode)) KATA_TRY(remove_old(place), "");
  if (::mkdirat(place.parent.get(), place.name.c_str(), 0700) != 0 && errno != EEXIST)
    return errno_error("make the directory", errno);
  const UniqueFd fd =
      KATA_TRY(open_beneath(place.parent.get(), place.name, O_PATH | O_DIRECTORY), "");
  return finish(fd.get(), request);
}

// What a link may say: nothing that leaves the directory it stands in.
Result<void> copy_link(const Place& place, const grpc::CopyFileRequest& request) {
  const fs::path target(request.data());
  if (place.top) return invalid("path: a symbolic link may not stand at the top of the tree");
  if (target.empty() || target.native().find('\0') != std::string::npos)
    return invalid("data: is no target of a symbolic link");
  if (target.is_absolute() || has_part(target, ".."))
    return invalid(
        concat("data: the link target '", target, "' must be relative and without '..'"));
  KATA_TRY(remove_old(place), "");
  if (::symlinkat(target.c_str(), place.parent.get(), place.name.c_str()) != 0)
    return errno_error("make the symbolic link", errno);
  if (::fchownat(place.parent.get(), place.name.c_str(), static_cast<uid_t>(request.uid()),
                 static_cast<gid_t>(request.gid()), AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error("give it to its owner", errno);
  return {};
}

// Where the chunks gather: beside the file, under a name that is never too long.
Result<UniqueFd> open_gathering(const Place& place, const std::string& name, bool first) {
  if (first && ::unlinkat(place.parent.get(), name.c_str(), 0) != 0 && errno != ENOENT)
    return errno_error("remove an unfinished copy", errno);
  const int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | (first ? O_CREAT | O_EXCL : 0);
  auto opened = open_beneath(place.parent.get(), name, flags, 0600);
  if (!opened.ok() && opened.error().sys_errno == ENOENT)
    return make_error(ErrorCode::kFailedPrecondition, "offset: no copy has begun with offset 0");
  UniqueFd fd = KATA_TRY(std::move(opened), "");
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return errno_error("look at the copy", errno);
  if (!S_ISREG(found.st_mode) || found.st_nlink != 1)
    return make_error(ErrorCode::kPermission, "somebody has replaced the unfinished copy");
  return fd;
}

Result<void> write_at(int fd, std::string_view data, std::int64_t offset) {
  while (!data.empty()) {
    const ssize_t written = ::pwrite(fd, data.data(), data.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return errno_error("write", errno);
    data.remove_prefix(static_cast<std::size_t>(written));
    offset += written;
  }
  return {};
}

Result<void> copy_regular(const Place& place, const grpc::CopyFileRequest& request) {
  KATA_TRY(check_chunk(request), "");
  const std::string gathering = concat(".kata-copy-", std::hash<std::string_view>{}(place.name));
  const UniqueFd fd = KATA_TRY(open_gathering(place, gathering, request.offset() == 0), "");
  KATA_TRY(write_at(fd.get(), request.data(), request.offset()), "");
  struct stat now {};
  if (::fstat(fd.get(), &now) != 0) return errno_error("look at the copy", errno);
  if (now.st_size < request.file_size()) return {};
  KATA_TRY(finish(fd.get(), request), "");
  const auto rename = [&] {
    return ::renameat(place.parent.get(), gathering.c_str(), place.parent.get(),
                      place.name.c_str()) == 0;
  };
  if (rename()) return {};
  KATA_TRY(remove_old(place), "");  // an empty directory in its place
  if (!rename()) return errno_error("give it its name", errno);
  return {};
}

}  // namespace

Result<void> copy_file(const fs::path& root, const grpc::CopyFileRequest& request) {
  const fs::path below = KATA_TRY(path_below(root, request.path()), "copy file");
  const std::string action = concat("copy file '", request.path(), "'");
  KATA_TRY(check_numbers(request), action);
  const auto type = request.file_mode() & S_IFMT;
  if (type != S_IFREG && type != S_IFDIR && type != S_IFLNK && type != 0)
    return invalid(
        concat(action, ": file_mode: only files, directories and symbolic links are copied"));
  const Place place = KATA_TRY(open_place(root, below, request), action);
  Result<void> copied;
  if (type == S_IFDIR)
    copied = copy_directory(place, request);
  else if (type == S_IFLNK)
    copied = copy_link(place, request);
  else
    copied = copy_regular(place, request);
  KATA_TRY(std::move(copied), action);
  return {};
}

}  // namespace kata::agent
