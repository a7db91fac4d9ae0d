// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/host_report.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "core/base/files.h"
#include "kata/unique_fd.h"

namespace kata::runtime {
namespace {

int errno_of_opening(const char* device) {
  const UniqueFd fd(::open(device, O_RDWR | O_CLOEXEC));
  return fd ? 0 : errno;
}

// The device alone proves nothing: inside of another VM it may be there and not work.
int errno_of_kvm() {
  const UniqueFd kvm(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!kvm) return errno;
  const UniqueFd vm(::ioctl(kvm.get(), KVM_CREATE_VM, 0));
  return vm ? 0 : errno;
}

std::string text_of(const char* file) {
  auto text = read_file(file, 4U << 20);
  return text.ok() ? text.take() : std::string();
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\"");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\"") - first + 1);
}

// Calls take(name, value) for each "name <separator> value".
template <class Take>
void each_line(const std::string& text, char separator, Take take) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(separator);
    if (at != std::string::npos) take(trimmed(line.substr(0, at)), trimmed(line.substr(at + 1)));
  }
}

}  // namespace

void read_cpuinfo(const std::string& text, HostReport& report) {
  each_line(text, ':', [&](const std::string& name, const std::string& value) {
    if (name == "vendor_id") report.cpu_vendor = value;
    if (name == "model name") report.cpu_model = value;
    if (name != "flags") return;
    std::istringstream words(value);
    for (std::string word; words >> word;)
      if (word == "vmx" || word == "svm") report.cpu_virtualises = true;
  });
}

void read_meminfo(const std::string& text, HostReport& report) {
  std::uint64_t free_pages = 0, page_kib = 0;
  each_line(text, ':', [&](const std::string& name, const std::string& value) {
    std::uint64_t number = 0;
    if (!(std::istringstream(value) >> number)) return;
    if (name == "MemTotal") report.memory_kib = number;
    if (name == "MemAvailable") report.available_kib = number;
    if (name == "HugePages_Free") free_pages = number;
    if (name == "Hugepagesize") page_kib = number;
  });
  report.free_huge_kib = free_pages * page_kib;
}

void read_os_release(const std::string& text, HostReport& report) {
  each_line(text, '=', [&](const std::string& name, const std::string& value) {
    if (name == "NAME") report.distribution = value;
    if (name == "VERSION_ID") report.distribution_version = value;
  });
}

HostReport read_host_report() {
  HostReport report;
  report.is_root = ::geteuid() == 0;
  report.kvm_errno = errno_of_kvm();
  report.vsock_errno = errno_of_opening("/dev/vhost-vsock");
  report.tun_errno = errno_of_opening("/dev/net/tun");
  report.cpus = static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  read_cpuinfo(text_of("/proc/cpuinfo"), report);
  read_meminfo(text_of("/proc/meminfo"), report);
  read_os_release(text_of("/etc/os-release"), report);
  utsname system{};
  if (::uname(&system) == 0) {
    report.kernel = system.release;
    report.architecture = system.machine;
  }
  return report;
}

}  // namespace kata::runtime
