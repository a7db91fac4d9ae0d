// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/check_findings.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "core/config/json_text.h"
#include "kata/concat.h"

namespace kata::runtime {
namespace {

using State = Finding::State;

constexpr std::uint64_t kKibPerMib = 1024;

std::string kvm_obstacle(const HostReport& host) {
  if (host.kvm_errno != 0) return concat("/dev/kvm: ", std::strerror(host.kvm_errno));
  if (!host.cpu_virtualises) return "/dev/kvm is there but the CPU offers neither vmx nor svm";
  return {};
}

class Judge {
 public:
  Judge(const HostReport& host, const SetupReport& setup) : host_(host), setup_(setup) {}

  std::vector<Finding> run() {
    user();
    configuration();
    if (setup_.hypervisor == "qemu") {
      kvm();
      transport();
    }
    if (setup_.hypervisor == "cloudhv") needed_kvm();
    network();
    share();
    merging();
    memory();
    for (const NeededFile& file : setup_.files) needed_file(file);
    return std::move(findings_);
  }

 private:
  void add(State state, std::string name, std::string detail, std::string remedy = {}) {
    findings_.push_back({state, std::move(name), std::move(detail), std::move(remedy)});
  }

  void user() {
    if (host_.is_root)
      add(State::kOk, "user", "root");
    else
      add(State::kMissing, "user", "not root: mounts and namespaces need it", "run as root");
  }

  void configuration() {
    if (setup_.config_error.empty())
      add(State::kOk, "configuration", setup_.config_file);
    else
      add(State::kMissing, "configuration", setup_.config_error,
          setup_.absent() ? "" : "correct the file");
  }

  void kvm() {
    const std::string obstacle = kvm_obstacle(host_);
    if (setup_.accelerator == "tcg")
      add(State::kOk, "kvm", "not wanted: accelerator = \"tcg\" emulates the guest");
    else if (obstacle.empty())
      add(State::kOk, "kvm", "/dev/kvm makes VMs and the CPU offers vmx or svm");
    else if (setup_.accelerator == "kvm")
      add(State::kMissing, "kvm", obstacle, "set accelerator to \"auto\" or \"tcg\" to emulate");
    else
      add(State::kSlower, "kvm", concat(obstacle, ": guests are emulated, several times slower"),
          "load kvm_intel or kvm_amd; in a VM, have its host enable nested virtualisation");
  }

  void needed_kvm() {
    const std::string obstacle = kvm_obstacle(host_);
    if (obstacle.empty())
      add(State::kOk, "kvm", "/dev/kvm makes VMs and the CPU offers vmx or svm");
    else
      add(State::kMissing, "kvm", obstacle, "select plugins.hypervisor = \"qemu\", which emulates");
  }

  void transport() {
    const bool works = host_.vsock_errno == 0;
    const std::string obstacle = concat("/dev/vhost-vsock: ", std::strerror(host_.vsock_errno));
    if (works)
      add(State::kOk, "vsock", "/dev/vhost-vsock opens");
    else if (setup_.agent_transport == "vsock")
      add(State::kMissing, "vsock", obstacle,
          "load the module vhost_vsock, or set agent_transport to \"auto\" or \"serial\"");
    else
      add(State::kOk, "vsock", concat(obstacle, ": the agent is reached over virtio-serial"));
  }

  void network() {
    const bool wanted = !setup_.network.empty() && setup_.network != "none";
    if (host_.tun_errno == 0)
      add(State::kOk, "tap", "/dev/net/tun opens");
    else if (wanted)
      add(State::kMissing, "tap", concat("/dev/net/tun: ", std::strerror(host_.tun_errno)),
          "load the module tun, or set plugins.network to \"none\"");
    else
      add(State::kOk, "tap", "not needed: plugins.network = \"none\"");
  }

  // Whether the guest's kernel has the filesystem; of a plugin of somebody else nothing is known.
  void share() {
    const std::string& wanted = setup_.shared_filesystem;
    if (wanted != "9p" && wanted != "virtiofs") return;
    if (setup_.guest_kernel_name.empty())
      return add(State::kOk, "share",
                 concat(wanted, "; no manifest.txt beside the guest's kernel ",
                        "tells whether that has it"));
    const std::string has = concat(
        "the guest's kernel ", setup_.guest_kernel_name, " has",
        setup_.guest_filesystems.empty() ? " no shared filesystem" : setup_.guest_filesystems);
    if (concat(setup_.guest_filesystems, ' ').find(concat(' ', wanted, ' ')) != std::string::npos)
      return add(State::kOk, "share", concat(wanted, "; ", has));
    add(State::kMissing, "share", concat(wanted, " is wanted, and ", has),
        "make a guest with 'kata-osbuilder --kernel-flavour generic', or set "
        "plugins.shared_filesystem to one that it has");
  }

  void merging() {
    const std::string& dedup = setup_.memory_dedup;
    if (dedup == "none") return;
    if (setup_.shared_filesystem == "virtiofs")
      add(State::kSlower, "memory_dedup",
          concat(dedup, " merges nothing: shared_filesystem 'virtiofs' makes guest memory shared"),
          "set plugins.shared_filesystem to \"9p\", or plugins.memory_dedup to \"none\"");
    else
      add(State::kOk, "memory_dedup", dedup);
  }

  void memory() {
    if (setup_.memory_mib == 0) return;
    const std::uint64_t wanted_kib = setup_.memory_mib * kKibPerMib;
    const std::uint64_t there_kib = setup_.huge_pages ? host_.free_huge_kib : host_.available_kib;
    const std::string detail =
        concat("a guest gets ", setup_.memory_mib, " MiB; the host has ", there_kib / kKibPerMib,
               setup_.huge_pages ? " MiB of free huge pages" : " MiB available");
    if (there_kib >= wanted_kib)
      add(State::kOk, "memory", detail);
    else if (setup_.huge_pages)
      add(State::kMissing, "memory", detail,
          "reserve more in /proc/sys/vm/nr_hugepages, or set enable_hugepages to false");
    else
      add(State::kMissing, "memory", detail, "free memory, or lower default_memory");
  }

  void needed_file(const NeededFile& file) {
    if (file.error.empty()) return add(State::kOk, file.what, file.path.native());
    const std::string which = file.path.empty() ? "" : concat('\'', file.path, "': ");
    add(State::kMissing, file.what, concat(which, file.error),
        file.found.empty() ? concat(file.remedy, " (", file.key, ')')
                           : concat("set ", file.key, " to '", file.found, "'"));
  }

  const HostReport& host_;
  const SetupReport& setup_;
  std::vector<Finding> findings_{};
};

// Half of what is available, so that more than one guest fits, in steps of 64 MiB.
std::uint64_t memory_that_fits(const HostReport& host) {
  constexpr std::uint64_t kStep = 64, kLeast = 128;
  return std::max(kLeast, host.available_kib / kKibPerMib / 2 / kStep * kStep);
}

class Suggestion {
 public:
  Suggestion(const HostReport& host, const SetupReport& setup) : host_(host), setup_(setup) {
    if (setup.absent()) whole();
    if (!setup.absent()) changes();
    memory();
  }

  std::string text() const {
    std::string text;
    for (const auto& [table, lines] : tables_)
      text += concat(text.empty() ? "[" : "\n[", table, "]\n", lines);
    return text;
  }

 private:
  void set(const std::string& table, const std::string& key, const std::string& value) {
    tables_[table] += concat(key, " = ", value, '\n');
  }
  void set_text(const std::string& table, const std::string& key, std::string_view value) {
    set(table, key, config::to_json(value));
  }
  void set_file(const NeededFile& file, const std::filesystem::path& path) {
    const std::size_t dot = file.key.rfind('.');
    set_text(file.key.substr(0, dot), file.key.substr(dot + 1), path.native());
  }

  // For a host without a configuration.
  void whole() {
    set_text("plugins", "hypervisor", setup_.hypervisor);
    set_text("plugins", "shared_filesystem", setup_.shared_filesystem);
    set_text("plugins", "network", setup_.network);
    set_text(vm_, "accelerator", kvm_obstacle(host_).empty() ? "kvm" : "tcg");
    set_text(vm_, "agent_transport", host_.vsock_errno == 0 ? "vsock" : "serial");
    for (const NeededFile& file : setup_.files)
      if (!file.path.empty() && file.key.starts_with(vm_))
        set_file(file, file.found.empty() ? file.path : file.found);
  }

  // What in the configuration is in the way.
  void changes() {
    if (setup_.accelerator == "kvm" && !kvm_obstacle(host_).empty())
      set_text(vm_, "accelerator", "tcg");
    if (setup_.agent_transport == "vsock" && host_.vsock_errno != 0)
      set_text(vm_, "agent_transport", "serial");
    if (!setup_.network.empty() && setup_.network != "none" && host_.tun_errno != 0)
      set_text("plugins", "network", "none");
    for (const NeededFile& file : setup_.files)
      if (!file.error.empty() && !file.found.empty()) set_file(file, file.found);
  }

  void memory() {
    const std::uint64_t wanted_kib = setup_.memory_mib * kKibPerMib;
    const bool no_huge_pages = setup_.huge_pages && wanted_kib > host_.free_huge_kib;
    if (no_huge_pages) set(vm_, "enable_hugepages", "false");
    if ((no_huge_pages || !setup_.huge_pages) && wanted_kib > host_.available_kib)
      set(vm_, "default_memory", std::to_string(memory_that_fits(host_)));
  }

  const HostReport& host_;
  const SetupReport& setup_;
  const std::string vm_ = concat("hypervisor.", setup_.hypervisor);
  std::map<std::string, std::string> tables_{};
};

}  // namespace

std::vector<Finding> check_findings(const HostReport& host, const SetupReport& setup) {
  return Judge(host, setup).run();
}

std::string suggested_configuration(const HostReport& host, const SetupReport& setup) {
  return Suggestion(host, setup).text();
}

}  // namespace kata::runtime
