// SPDX-License-Identifier: Apache-2.0
//
// Runs in a container, in the directory given as argument: what programs expect of a filesystem,
// one line each, "name: ok" or "name: what went wrong". Static, so that any rootfs runs it.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

// Of the last system call, with its place.
std::string failed(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

int make(const char* name) { return ::open(name, O_CREAT | O_RDWR | O_TRUNC, 0644); }

std::string content(const char* name) {
  char text[64] = {};
  const int fd = ::open(name, O_RDONLY);
  const ssize_t got = fd < 0 ? -1 : ::read(fd, text, sizeof text);
  ::close(fd);
  return got < 0 ? failed("read") : std::string(text, static_cast<std::size_t>(got));
}

std::string mapped_writes() {
  const int fd = make("mapped");
  if (fd < 0 || ::ftruncate(fd, 4096) != 0) return failed("ftruncate");
  void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return failed("mmap");
  std::memcpy(page, "mapped", 6);
  if (::msync(page, 4096, MS_SYNC) != 0) return failed("msync");
  ::munmap(page, 4096);
  ::close(fd);
  return content("mapped").substr(0, 6) == "mapped" ? "ok" : "the file does not have it";
}

std::string append_and_truncate() {
  const int fd = ::open("log", O_CREAT | O_WRONLY | O_APPEND | O_TRUNC, 0644);
  if (::write(fd, "one", 3) != 3 || ::write(fd, "two", 3) != 3) return failed("write");
  if (content("log") != "onetwo") return "read " + content("log");
  if (::ftruncate(fd, 3) != 0) return failed("ftruncate");
  return content("log") == "one" ? "ok" : "read " + content("log");
}

std::string locks_exclude() {
  const int fd = make("lock");
  if (::flock(fd, LOCK_EX) != 0) return failed("flock");
  const pid_t child = ::fork();
  if (child == 0) {
    const int other = ::open("lock", O_RDWR);
    ::_exit(::flock(other, LOCK_EX | LOCK_NB) == 0 ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? "ok" : "two processes hold it";
}

std::string sockets_connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "socket");
  ::unlink("socket");
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0), client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(server, name, sizeof address) != 0) return failed("bind");
  if (::listen(server, 1) != 0) return failed("listen");
  return ::connect(client, name, sizeof address) == 0 ? "ok" : failed("connect");
}

std::string attributes_stay() {
  ::close(make("attributed"));
  if (::setxattr("attributed", "user.kata", "value", 5, 0) != 0) return failed("setxattr");
  char value[16];
  if (::getxattr("attributed", "user.kata", value, sizeof value) != 5) return failed("getxattr");
  return std::memcmp(value, "value", 5) == 0 ? "ok" : "another value";
}

std::string rename_over_open() {
  const int old = make("target");
  if (::write(old, "old", 3) != 3) return failed("write");
  const int fresh = make("fresh");
  if (::write(fresh, "new", 3) != 3) return failed("write");
  if (::rename("fresh", "target") != 0) return failed("rename");
  if (content("target") != "new") return "read " + content("target");
  char text[3];
  return ::pread(old, text, 3, 0) == 3 && std::memcmp(text, "old", 3) == 0 ? "ok"
                                                                           : failed("old file");
}

std::string unlinked_file_is_usable() {
  const int fd = make("unlinked");
  if (::unlink("unlinked") != 0) return failed("unlink");
  char text[4];
  if (::write(fd, "kept", 4) != 4 || ::pread(fd, text, 4, 0) != 4) return failed("read and write");
  return std::memcmp(text, "kept", 4) == 0 ? "ok" : "another content";
}

std::string unlinked_file_has_a_size() {
  const int fd = make("sized");
  if (::write(fd, "kept", 4) != 4 || ::unlink("sized") != 0) return failed("unlink");
  struct stat info {};
  if (::fstat(fd, &info) != 0) return failed("fstat");
  return info.st_size == 4 && info.st_nlink == 0 ? "ok" : "another size or link count";
}

std::string long_listing() {
  if (::mkdir("many", 0755) != 0) return failed("mkdir");
  for (int i = 0; i < 300; ++i)
    ::close(
        make(("many/a-name-that-is-long-enough-to-fill-more-than-one-reply-" + std::to_string(i))
                 .c_str()));
  FILE* const list = ::popen("ls many | wc -l", "r");
  int count = 0;
  if (list == nullptr || std::fscanf(list, "%d", &count) != 1) return failed("ls");
  ::pclose(list);
  return count == 300 ? "ok" : "it has " + std::to_string(count);
}

struct Property {
  const char* name;
  std::string (*holds)();
};
constexpr Property kProperties[] = {{"mapped writes", mapped_writes},
                                    {"append and truncate", append_and_truncate},
                                    {"locks exclude", locks_exclude},
                                    {"sockets connect", sockets_connect},
                                    {"attributes stay", attributes_stay},
                                    {"rename over an open file", rename_over_open},
                                    {"an unlinked file is usable", unlinked_file_is_usable},
                                    {"an unlinked file has a size", unlinked_file_has_a_size},
                                    {"a long listing is whole", long_listing}};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || ::chdir(argv[1]) != 0) return 1;
  for (const auto& [name, holds] : kProperties) std::printf("%s: %s\n", name, holds().c_str());
  return 0;
}
