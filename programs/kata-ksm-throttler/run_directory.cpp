// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::throttler {

namespace {

// Others could plant a record of settings in it.
Result<void> check_private(const std::filesystem::path& directory) {
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0)
    return errno_error(concat("look at '", directory, "'"), errno);
  if (S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() && (found.st_mode & 077U) == 0)
    return {};
  return make_error(ErrorCode::kPermission,
                    concat("'", directory, "' must be a directory of this user with mode 0700"));
}

}  // namespace

Result<UniqueFd> lock_run_directory(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return errno_error(concat("make '", directory, "'"), errno);
  KATA_TRY(check_private(directory), "");
  const auto file = directory / "lock";
  UniqueFd fd(::open(file.c_str(), O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return errno_error(concat("open '", file, "'"), errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  return make_error(ErrorCode::kAlreadyExists,
                    concat("another kata-ksm-throttler has '", file, "': stop that one first"));
}

Result<UniqueFd> listen_in(const std::filesystem::path& directory) {
  const auto socket = socket_in(directory);
  if (::unlink(socket.c_str()) != 0 && errno != ENOENT)
    return errno_error(concat("remove '", socket, "'"), errno);
  return listen_unix(socket);
}

void notify_systemd(const char* state) noexcept {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  const std::size_t length = name == nullptr ? 0 : std::strlen(name);
  if (length < 2 || length >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name, length);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  if (fd)
    static_cast<void>(::sendto(fd.get(), state, std::strlen(state), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&address), size));
}

}  // namespace kata::throttler
