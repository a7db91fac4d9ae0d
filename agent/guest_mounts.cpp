// SPDX-License-Identifier: Apache-2.0
#include "agent/guest_mounts.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::agent {
namespace {

constexpr unsigned long kStrict = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr const char* kCgroupRoot = "/sys/fs/cgroup";

struct Mount {
  const char* source;
  const char* target;
  const char* type;
  unsigned long flags;
  const char* data;
};

// EBUSY: the image's kernel or initrd has mounted it.
Result<void> mount_one(const Mount& m) {
  ::mkdir(m.target, 0755);
  if (::mount(m.source, m.target, m.type, m.flags, m.data) == 0 || errno == EBUSY) return {};
  return errno_error(concat("mount ", m.type, " on '", m.target, "'"), errno);
}

void report(const Result<void>& result) {
  if (!result.ok()) log::warn("guest set-up", {{"error", result.error().message}});
}

// /proc/cgroups: "name hierarchy cgroups enabled" lines after a heading.
std::vector<std::string> enabled_controllers(std::string_view table) {
  std::vector<std::string> out;
  while (!table.empty()) {
    const std::size_t end = std::min(table.find('\n'), table.size());
    const std::string_view line = table.substr(0, end);
    table.remove_prefix(std::min(end + 1, table.size()));
    if (!line.starts_with('#') && line.ends_with("\t1")) out.emplace_back(line, 0, line.find('\t'));
  }
  return out;
}

Result<void> mount_cgroups_v1() {
  const std::string table = KATA_TRY(read_file("/proc/cgroups"), "");
  KATA_TRY(mount_one({"tmpfs", kCgroupRoot, "tmpfs", kStrict, "mode=755"}), "");
  for (const std::string& name : enabled_controllers(table)) {
    const std::string target = concat(kCgroupRoot, "/", name);
    KATA_TRY(mount_one({"cgroup", target.c_str(), "cgroup", kStrict | MS_RELATIME, name.c_str()}),
             "");
  }
  // Not on every kernel: hierarchical accounting is the only kind on newer ones.
  (void)write_existing(concat(kCgroupRoot, "/memory/memory.use_hierarchy"), "1");
  if (::mount("tmpfs", kCgroupRoot, "tmpfs", kStrict | MS_REMOUNT | MS_RDONLY, "mode=755") != 0)
    return errno_error("make the cgroup directory read-only", errno);
  return {};
}

Result<void> mount_cgroups(bool unified) {
  if (!unified) return mount_cgroups_v1();
  return mount_one({"cgroup2", kCgroupRoot, "cgroup2", kStrict | MS_RELATIME, "nsdelegate"});
}

Result<void> make_links() {
  struct Link {
    const char* target;
    const char* name;
  };
  constexpr std::array links{
      Link{"/proc/self/fd", "/dev/fd"},       Link{"/proc/self/fd/0", "/dev/stdin"},
      Link{"/proc/self/fd/1", "/dev/stdout"}, Link{"/proc/self/fd/2", "/dev/stderr"},
      Link{"/dev/pts/ptmx", "/dev/ptmx"},
  };
  // devtmpfs has a ptmx node of its own; the mounted devpts is the one to use.
  ::unlink("/dev/ptmx");
  for (const Link& link : links)
    if (::symlink(link.target, link.name) != 0 && errno != EEXIST)
      return errno_error(concat("link '", link.name, "'"), errno);
  return {};
}

Result<void> raise_loopback() {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("open a socket to raise 'lo'", errno);
  ifreq request{};
  std::string_view("lo").copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0) return errno_error("find 'lo'", errno);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return errno_error("raise 'lo'", errno);
  return {};
}

Result<void> set_hostname() {
  const auto file = read_file("/etc/hostname", 256);
  std::string name = file.ok() ? file.value().substr(0, file.value().find('\n')) : "";
  if (name.empty()) name = "localhost";
  if (::sethostname(name.data(), name.size()) != 0)
    return errno_error(concat("set hostname '", name, "'"), errno);
  return {};
}

Result<void> open_console() {
  if (::fcntl(STDERR_FILENO, F_GETFD) >= 0) return {};
  const int fd = ::open("/dev/console", O_RDWR | O_NOCTTY);
  if (fd < 0) return errno_error("open '/dev/console'", errno);
  for (int standard = 0; standard <= STDERR_FILENO; ++standard)
    if (standard != fd) ::dup2(fd, standard);
  if (fd > STDERR_FILENO) ::close(fd);
  return {};
}

}  // namespace

Result<void> mount_early() {
  ::umask(022);
  KATA_TRY(mount_one({"devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755"}), "");
  KATA_TRY(open_console(), "");
  KATA_TRY(mount_one({"proc", "/proc", "proc", kStrict, nullptr}), "");
  return mount_one({"sysfs", "/sys", "sysfs", kStrict, nullptr});
}

void finish_guest(bool unified_cgroups) {
  report(mount_one({"tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"}));
  report(mount_one({"tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"}));
  report(mount_one(
      {"devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666"}));
  report(make_links());
  report(mount_cgroups(unified_cgroups));
  report(raise_loopback());
  report(set_hostname());
  // Memory that is plugged later is used at once, where the kernel has memory hot-plug.
  (void)write_existing("/sys/devices/system/memory/auto_online_blocks", "online");
  // A guest is as small as its workload's limit: the kernel's guess at what is too much to reserve
  // would refuse programs that reserve far more than they touch. The limit itself holds.
  report(write_existing("/proc/sys/vm/overcommit_memory", "1"));
  ::setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
}

}  // namespace kata::agent
