// SPDX-License-Identifier: Apache-2.0
//
// Unix stream sockets by path. Sockets are made 0600; the directory above them is the caller's,
// 0700.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "kata/concat.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata {

inline constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;  // 107 bytes

inline Result<sockaddr_un> socket_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.native().size() > kMaxSocketPath)
    return make_error(
        ErrorCode::kInvalidArgument,
        concat("socket path '", path, "' has ", path.native().size(),
               " bytes; the kernel allows 1 to ", kMaxSocketPath, ": use a shorter --root or id"));
  path.native().copy(address.sun_path, kMaxSocketPath);
  return address;
}

// An address, and the descriptor of the directory that a long path is named through: keep it until
// the address has been used.
struct NamedSocket {
  sockaddr_un address{};
  UniqueFd directory{};
};

// The kernel's limit is on the text. A longer path, which an engine's root and a 64-byte id make
// easily, is reached by the name of its last part in /proc/self/fd.
inline Result<NamedSocket> name_socket(const std::filesystem::path& path) {
  NamedSocket named;
  if (path.native().size() <= kMaxSocketPath) {
    named.address = KATA_TRY(socket_address(path), "");
    return named;
  }
  named.directory.reset(
      ::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));  // follows links
  if (!named.directory)
    return errno_error(concat("open the directory of socket '", path, "'"), errno);
  named.address = KATA_TRY(socket_address(concat("/proc/self/fd/", named.directory.get(), "/",
                                                 path.filename().native())),
                           concat("socket '", path, "'"));
  return named;
}

// Listens on `path`, which must not exist.
inline Result<UniqueFd> listen_unix(const std::filesystem::path& path, int backlog = 64) {
  const NamedSocket named = KATA_TRY(name_socket(path), "");
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("make unix socket", errno);
  const mode_t before = ::umask(0177);
  const int bound =
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&named.address), sizeof named.address);
  const int number = errno;
  ::umask(before);
  if (bound != 0) return errno_error(concat("bind socket '", path, "'"), number);
  if (::listen(fd.get(), backlog) != 0) return errno_error(concat("listen on '", path, "'"), errno);
  return fd;
}

// Connects once.
inline Result<UniqueFd> connect_unix(const std::filesystem::path& path) {
  const NamedSocket named = KATA_TRY(name_socket(path), "");
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("make unix socket", errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&named.address),
                sizeof named.address) != 0)
    return errno_error(concat("connect to '", path, "'"), errno);
  return fd;
}

}  // namespace kata
