// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/setup_report.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <sstream>

#include "core/base/files.h"
#include "core/base/trust.h"
#include "core/config/json_text.h"
#include "core/config/kata_names.h"
#include "core/config/load.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::runtime {

namespace fs = std::filesystem;

namespace {

constexpr const char* kGuestRemedy = "make the guest with kata-osbuilder, or correct the key";
constexpr std::initializer_list<const char*> kQemuPlaces = {
    "/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-system-aarch64", "/usr/libexec/qemu-kvm",
    "/usr/local/bin/qemu-system-x86_64"};
constexpr std::initializer_list<const char*> kCloudhvPlaces = {"/usr/bin/cloud-hypervisor",
                                                               "/opt/kata/bin/cloud-hypervisor",
                                                               "/usr/local/bin/cloud-hypervisor"};
constexpr std::initializer_list<const char*> kVirtiofsdPlaces = {
    "/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd", "/usr/bin/virtiofsd"};

// What configuration.toml says as it is shipped.
config::Config shipped_config() {
  const fs::path plugins(config::kDefaultPluginDirectory);
  config::Config config;
  config.hypervisor.name = config::kDefaultHypervisor;
  config.hypervisor.library =
      plugins / concat("libkata-hypervisor-", config::kDefaultHypervisor, ".so");
  config.network.name = config::kDefaultNetwork;
  if (config.network.name != "none")
    config.network.library = plugins / concat("libkata-net-", config.network.name, ".so");
  config.shared_filesystem.name = config::kDefaultSharedFilesystem;
  config.shared_filesystem.library =
      plugins / concat("libkata-fs-", config::kDefaultSharedFilesystem, ".so");
  config.vm.kernel = "/usr/share/kata-containers/vmlinux";
  config.vm.initrd = "/usr/share/kata-containers/initrd.img";
  config.vm.default_memory_mib = 512;
  return config;
}

std::string text_key(const config::PluginChoice& choice, const char* key,
                     const std::string& otherwise) {
  const auto found = choice.keys.find(key);
  if (found == choice.keys.end()) return otherwise;
  return config::string_of(found->second.json).value_or(otherwise);
}

std::string why_not_readable(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  return fd ? "" : std::strerror(errno);
}

std::string why_not_executable(const fs::path& path) {
  return ::access(path.c_str(), X_OK) == 0 ? "" : std::strerror(errno);
}

std::string why_not_trusted(const fs::path& path) {
  const auto opened = open_trusted_file(path);
  return opened.ok() ? "" : opened.error().message;
}

fs::path first_program(std::initializer_list<const char*> places) {
  for (const char* place : places)
    if (::access(place, X_OK) == 0) return place;
  return {};
}

void add_guest_file(SetupReport& report, const char* what, const char* key, const fs::path& path) {
  if (path.empty()) return;
  report.files.push_back({what, concat("hypervisor.", report.hypervisor, ".", key), path,
                          why_not_readable(path), kGuestRemedy, ""});
}

// Configured, or in a usual place.
void add_program(SetupReport& report, const char* what, std::string key, const std::string& path,
                 std::initializer_list<const char*> places, const char* remedy) {
  NeededFile file{what, std::move(key), path, "", remedy, ""};
  const fs::path usual = first_program(places);
  if (path.empty()) file.path = usual;
  file.error =
      file.path.empty() ? "it is in none of the usual places" : why_not_executable(file.path);
  if (!file.error.empty()) file.found = usual;
  report.files.push_back(std::move(file));
}

void add_plugin(SetupReport& report, const char* interface, const config::PluginChoice& choice) {
  if (choice.library.empty()) return;
  report.files.push_back({concat(interface, " plugin"), concat("plugins.", interface),
                          choice.library, why_not_trusted(choice.library),
                          "install it, or correct plugins.directory", ""});
}

void describe_qemu(const config::Config& config, SetupReport& report) {
  report.accelerator = text_key(config.hypervisor, "accelerator", "auto");
  report.agent_transport = text_key(config.hypervisor, "agent_transport", "auto");
  report.machine_type = text_key(config.hypervisor, "machine_type", "q35");
  add_program(report, "QEMU", "hypervisor.qemu.path",
              text_key(config.hypervisor, "path", *kQemuPlaces.begin()), kQemuPlaces,
              "install Debian's qemu-system-x86, or correct the key");
}

void describe_cloudhv(const config::Config& config, SetupReport& report) {
  add_program(report, "Cloud Hypervisor", "hypervisor.cloudhv.path",
              text_key(config.hypervisor, "path", *kCloudhvPlaces.begin()), kCloudhvPlaces,
              "install its release binary, or correct the key");
}

// What kata-osbuilder wrote of the guest: "kernel NAME VERSION", "filesystems: 9p virtiofs".
void read_manifest(const fs::path& kernel, SetupReport& report) {
  const auto text = read_file(kernel.parent_path() / "manifest.txt");
  if (!text.ok()) return;
  std::istringstream lines(text.value());
  std::string name;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("kernel ")) name = line.substr(7);
    if (!line.starts_with("filesystems:")) continue;
    report.guest_filesystems = line.substr(12);
    report.guest_kernel_name = name;
  }
}

}  // namespace

const NeededFile* SetupReport::file(std::string_view key) const {
  const auto found = std::find_if(files.begin(), files.end(), [&](const NeededFile& file) {
    return std::string_view(file.key).substr(file.key.rfind('.') + 1) == key;
  });
  return found == files.end() ? nullptr : &*found;
}

void describe_setup(const config::Config& config, SetupReport& report) {
  report.hypervisor = config.hypervisor.name;
  report.network = config.network.name;
  report.shared_filesystem = config.shared_filesystem.name;
  report.memory_dedup = config.memory_dedup.name.empty() ? "none" : config.memory_dedup.name;
  report.kernel_params = config.vm.kernel_params;
  read_manifest(config.vm.kernel, report);
  report.memory_mib = config.vm.default_memory_mib;
  report.vcpus = config.vm.default_vcpus;
  report.huge_pages = config.vm.enable_hugepages;
  add_guest_file(report, "guest kernel", "kernel", config.vm.kernel);
  add_guest_file(report, "guest initrd", "initrd", config.vm.initrd);
  add_guest_file(report, "guest image", "image", config.vm.image);
  if (report.hypervisor == "qemu") describe_qemu(config, report);
  if (report.hypervisor == "cloudhv") describe_cloudhv(config, report);
  if (report.shared_filesystem == "virtiofs")
    add_program(report, "virtiofsd", concat("hypervisor.", report.hypervisor, ".virtio_fs_daemon"),
                text_key(config.shared_filesystem, "virtio_fs_daemon", ""), kVirtiofsdPlaces,
                "install Debian's qemu-system-common, or correct the key");
  add_plugin(report, "hypervisor", config.hypervisor);
  add_plugin(report, "network", config.network);
  add_plugin(report, "shared_filesystem", config.shared_filesystem);
}

SetupReport read_setup(const Globals& globals) {
  SetupReport report;
  const auto file = config::find_config_file(globals.config);
  if (!file.ok()) {
    report.config_error = file.error().message;
    describe_setup(shipped_config(), report);
    return report;
  }
  report.config_file = file.value();
  const auto config = config::load_config(file.value());
  if (config.ok())
    describe_setup(config.value(), report);
  else
    report.config_error = config.error().message;
  return report;
}

}  // namespace kata::runtime
