// SPDX-License-Identifier: Apache-2.0
#include <boost/program_options/value_semantic.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "programs/kata-runtime/host_report.h"
#include "programs/kata-runtime/program_output.h"
#include "programs/kata-runtime/setup_report.h"
#include "programs/kata-runtime/toml_tables.h"
#include "programs/kata-runtime/verbs.h"
#include "programs/kata-runtime/version.h"

namespace kata::runtime {

using nlohmann::ordered_json;

namespace {

constexpr const char* kFormatVersion = "1.0.0";  // of this document

std::string path_of(const SetupReport& setup, std::string_view key) {
  const NeededFile* file = setup.file(key);
  return file == nullptr ? "" : file->path.string();
}

// "QEMU emulator version 7.2.22 (Debian …)"; empty when the program is not there.
std::string version_of(const std::string& program) {
  if (program.empty()) return {};
  const auto output = program_output({program, "--version"});
  if (!output.ok()) return {};
  return output.value().substr(0, output.value().find('\n'));
}

ordered_json runtime_json(const Globals& globals, const SetupReport& setup) {
  std::error_code failure;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failure);
  return {{"Path", self.string()},
          {"Root", globals.root.string()},
          {"Debug", globals.debug},
          {"Version", {{"Semver", KATA_VERSION}, {"OCI", kOciVersion}}},
          {"Config", {{"Path", setup.config_file}, {"Error", setup.config_error}}}};
}

ordered_json hypervisor_json(const SetupReport& setup) {
  return {{"Name", setup.hypervisor},
          {"Path", path_of(setup, "path")},
          {"Version", version_of(path_of(setup, "path"))},
          {"MachineType", setup.machine_type},
          {"Accelerator", setup.accelerator},
          {"AgentTransport", setup.agent_transport},
          {"MemoryMiB", setup.memory_mib},
          {"VCPUs", setup.vcpus},
          {"HugePages", setup.huge_pages},
          {"Plugin", path_of(setup, "hypervisor")}};
}

ordered_json host_json(const HostReport& host) {
  return {{"Kernel", host.kernel},
          {"Architecture", host.architecture},
          {"VMContainerCapable", host.kvm_errno == 0 && host.cpu_virtualises},
          {"SupportVSocks", host.vsock_errno == 0},
          {"Distro", {{"Name", host.distribution}, {"Version", host.distribution_version}}},
          {"CPU", {{"Vendor", host.cpu_vendor}, {"Model", host.cpu_model}, {"CPUs", host.cpus}}},
          {"Memory", {{"TotalKiB", host.memory_kib}, {"AvailableKiB", host.available_kib}}}};
}

ordered_json environment(const Globals& globals) {
  const SetupReport setup = read_setup(globals);
  return {{"Meta", {{"Version", kFormatVersion}}},
          {"Runtime", runtime_json(globals, setup)},
          {"Hypervisor", hypervisor_json(setup)},
          {"Kernel", {{"Path", path_of(setup, "kernel")}, {"Parameters", setup.kernel_params}}},
          {"Initrd", {{"Path", path_of(setup, "initrd")}}},
          {"Image", {{"Path", path_of(setup, "image")}}},
          {"SharedFilesystem",
           {{"Name", setup.shared_filesystem},
            {"Daemon", path_of(setup, "virtio_fs_daemon")},
            {"Plugin", path_of(setup, "shared_filesystem")}}},
          {"Network", {{"Name", setup.network}, {"Plugin", path_of(setup, "network")}}},
          {"Host", host_json(read_host_report())}};
}

Result<int> env(const Globals& globals, const CommandLine& line) {
  const ordered_json document = environment(globals);
  const std::string text =
      line.is_set("json")
          ? document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n'
          : toml_tables(document);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

Verb env_verb() {
  namespace po = boost::program_options;
  Verb verb;
  verb.name = "env";
  verb.summary = "print what this installation consists of, for bug reports";
  verb.description =
      "Prints versions and paths of the runtime, the VMM, the guest and the plugins that the\n"
      "configuration selects, and the host's kernel, distribution, CPU and memory, as TOML. "
      "Nothing\n"
      "is judged: see 'check'.";
  verb.exit_status = "0, also without a usable configuration: Runtime.Config.Error says why.";
  verb.examples =
      "  kata-runtime env\n"
      "  kata-runtime env --json | jq .Hypervisor.Version\n";
  verb.least_operands = verb.most_operands = 0;
  verb.add_flags = [](po::options_description& flags) {
    flags.add_options()("json", po::bool_switch(), "print JSON");
  };
  verb.run = env;
  return verb;
}

}  // namespace kata::runtime
