// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/bundle.h"

#include <fstream>

#include "tests/integration/harness/command.h"

namespace kata::test {

namespace fs = std::filesystem;
using nlohmann::json;

void make_busybox_rootfs(const fs::path& rootfs) {
  for (const char* name : {"bin", "dev", "proc", "sys", "tmp", "etc", "root", "run"})
    fs::create_directories(rootfs / name);
  fs::copy_file("/bin/busybox", rootfs / "bin/busybox", fs::copy_options::overwrite_existing);
  run({"/bin/busybox", "--install", "-s", (rootfs / "bin").string()});
  for (const auto& entry :
       fs::directory_iterator(rootfs / "bin")) {  // links by the container's own path
    if (!entry.is_symlink()) continue;
    const fs::path link = entry.path();
    fs::remove(link);
    fs::create_symlink("busybox", link);
  }
  std::ofstream(rootfs / "etc/passwd")
      << "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n";
  std::ofstream(rootfs / "etc/group") << "root:x:0:\nuser:x:1000:\n";
}

json default_spec(const std::vector<std::string>& args) {
  const json capabilities = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  const auto mount = [](const char* destination, const char* type, const char* source,
                        json options) {
    return json{{"destination", destination},
                {"type", type},
                {"source", source},
                {"options", std::move(options)}};
  };
  return {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", false},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", args},
        {"env", {"PATH=/bin", "TERM=xterm"}},
        {"cwd", "/"},
        {"capabilities",
         {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}},
        {"noNewPrivileges", true}}},
      {"root", {{"path", "rootfs"}, {"readonly", false}}},
      {"hostname", "kata-test"},
      {"mounts",
       {mount("/proc", "proc", "proc", json::array()),
        mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
        mount("/dev/pts", "devpts", "devpts",
              {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
        mount("/dev/shm", "tmpfs", "shm",
              {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
        mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
        mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"})}},
      {"linux",
       {{"resources", {{"devices", {{{"allow", false}, {"access", "rwm"}}}}}},
        {"namespaces",
         {{{"type", "pid"}},
          {{"type", "network"}},
          {{"type", "ipc"}},
          {{"type", "uts"}},
          {{"type", "mount"}}}},
        {"maskedPaths", {"/proc/kcore", "/proc/timer_list", "/proc/scsi"}},
        {"readonlyPaths",
         {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}}},
  };
}

void make_bundle(const fs::path& bundle, const json& spec) {
  if (!fs::exists(bundle / "rootfs")) make_busybox_rootfs(bundle / "rootfs");
  std::ofstream(bundle / "config.json") << spec.dump(2);
}

}  // namespace kata::test
