// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "core/config/load.h"
#include "programs/kata-runtime/check_findings.h"
#include "programs/kata-runtime/program_output.h"
#include "programs/kata-runtime/toml_tables.h"
#include "tests/unit/kata-runtime/runtime_stage.h"

using namespace kata;
using namespace kata::runtime;
using kata::test::RuntimeStage;
using kata::test::TempDir;
using kata::test::write_text;
using State = Finding::State;

namespace {

HostReport good_host() {
  HostReport host;
  host.is_root = host.cpu_virtualises = true;
  host.cpus = 4;
  host.memory_kib = 8 << 20;
  host.available_kib = 4 << 20;
  return host;
}

SetupReport good_setup() {
  SetupReport setup;
  setup.config_file = "/etc/kata-containers/configuration.toml";
  setup.hypervisor = "qemu";
  setup.network = "tap";
  setup.shared_filesystem = "virtiofs";
  setup.memory_mib = 512;
  return setup;
}

State state_of(const HostReport& host, const SetupReport& setup, std::string_view name) {
  for (const Finding& finding : check_findings(host, setup)) {
    if (finding.name != name) continue;
    CHECK(finding.remedy.empty() == (finding.state == State::kOk));
    return finding.state;
  }
  FAIL("no such finding");
  return State::kOk;
}

// What `check` suggests is a configuration that is accepted.
void check_that_it_loads(const TempDir& dir, const std::string& suggestion) {
  CAPTURE(suggestion);
  write_text(dir / "configuration.toml",
             "[hypervisor.qemu]\nkernel = \"/k\"\ninitrd = \"/i\"\naccelerator = \"kvm\"\n");
  write_text(dir / "config.d/10-this-host.toml", suggestion);
  const auto loaded = config::load_config(dir / "configuration.toml");
  CHECK_MESSAGE(loaded.ok(), loaded.error().message);
}

}  // namespace

TEST_CASE("on a good host everything is ok and nothing is suggested") {
  for (const Finding& finding : check_findings(good_host(), good_setup()))
    CHECK_MESSAGE(finding.state == State::kOk, finding.name);
  CHECK(suggested_configuration(good_host(), good_setup()).empty());
}

TEST_CASE("a guest kernel without the selected filesystem is missing with the remedy") {
  SetupReport setup = good_setup();
  CHECK(state_of(good_host(), setup, "share") == State::kOk);  // nothing is known
  setup.guest_kernel_name = "linux-image-cloud 6.1";
  setup.guest_filesystems = " virtiofs";
  CHECK(state_of(good_host(), setup, "share") == State::kOk);
  setup.shared_filesystem = "9p";
  CHECK(state_of(good_host(), setup, "share") == State::kMissing);
  setup.guest_filesystems = " 9p virtiofs";
  CHECK(state_of(good_host(), setup, "share") == State::kOk);
  setup.guest_filesystems = "";
  CHECK(state_of(good_host(), setup, "share") == State::kMissing);
}

TEST_CASE("merging beside virtiofs is pointed out with the remedy") {
  SetupReport setup = good_setup();
  setup.memory_dedup = "ksm-throttler";
  CHECK(state_of(good_host(), setup, "memory_dedup") == State::kSlower);
  setup.shared_filesystem = "9p";
  CHECK(state_of(good_host(), setup, "memory_dedup") == State::kOk);
}

TEST_CASE("the manifest beside the kernel tells what the guest has") {
  const TempDir dir;
  write_text(dir / "manifest.txt",
             "kernel linux-image 6.1\nagent sha256 0\n\nfilesystems: 9p virtiofs\nmodules:\n");
  config::Config config;
  config.vm.kernel = dir / "vmlinux";
  SetupReport setup;
  describe_setup(config, setup);
  CHECK(setup.guest_kernel_name == "linux-image 6.1");
  CHECK(setup.guest_filesystems == " 9p virtiofs");
  write_text(dir / "manifest.txt", "kernel linux-image 6.1\nmodules:\n");
  SetupReport older;
  describe_setup(config, older);
  CHECK(older.guest_kernel_name.empty());
}

TEST_CASE("without KVM guests are slower unless the configuration insists on it") {
  HostReport host = good_host();
  SetupReport setup = good_setup();
  host.kvm_errno = ENOENT;
  CHECK(state_of(host, setup, "kvm") == State::kSlower);
  CHECK(suggested_configuration(host, setup).empty());
  setup.accelerator = "tcg";
  CHECK(state_of(host, setup, "kvm") == State::kOk);
  setup.accelerator = "kvm";
  CHECK(state_of(host, setup, "kvm") == State::kMissing);
  CHECK(suggested_configuration(host, setup) == "[hypervisor.qemu]\naccelerator = \"tcg\"\n");
  host.kvm_errno = 0;
  host.cpu_virtualises = false;
  CHECK(state_of(host, setup, "kvm") == State::kMissing);
}

TEST_CASE("a hypervisor that cannot emulate misses KVM") {
  HostReport host = good_host();
  SetupReport setup = good_setup();
  setup.hypervisor = "cloudhv";
  CHECK(state_of(host, setup, "kvm") == State::kOk);
  host.kvm_errno = ENOENT;
  CHECK(state_of(host, setup, "kvm") == State::kMissing);
}

TEST_CASE("Cloud Hypervisor's program is looked for") {
  config::Config config;
  config.hypervisor.name = "cloudhv";
  config.hypervisor.keys["path"] = {"\"/nonexistent/cloud-hypervisor\"", {}};
  SetupReport setup;
  describe_setup(config, setup);
  const NeededFile* const program = setup.file("path");
  REQUIRE(program != nullptr);
  CHECK(program->key == "hypervisor.cloudhv.path");
  CHECK_FALSE(program->error.empty());
}

TEST_CASE("vsock and taps are missing only when they are wanted") {
  HostReport host = good_host();
  SetupReport setup = good_setup();
  host.vsock_errno = host.tun_errno = ENOENT;
  CHECK(state_of(host, setup, "vsock") == State::kOk);
  CHECK(state_of(host, setup, "tap") == State::kMissing);
  setup.agent_transport = "vsock";
  CHECK(state_of(host, setup, "vsock") == State::kMissing);
  const TempDir dir;
  const std::string suggestion = suggested_configuration(host, setup);
  CHECK(suggestion ==
        "[hypervisor.qemu]\nagent_transport = \"serial\"\n\n[plugins]\nnetwork = \"none\"\n");
  check_that_it_loads(dir, suggestion);
  setup.network = "none";
  CHECK(state_of(host, setup, "tap") == State::kOk);
}

TEST_CASE("a guest that does not fit is told what would") {
  HostReport host = good_host();
  SetupReport setup = good_setup();
  setup.memory_mib = 8192;
  CHECK(state_of(host, setup, "memory") == State::kMissing);
  CHECK(suggested_configuration(host, setup) == "[hypervisor.qemu]\ndefault_memory = 2048\n");
  setup.memory_mib = 512;
  setup.huge_pages = true;
  CHECK(state_of(host, setup, "memory") == State::kMissing);
  CHECK(suggested_configuration(host, setup) == "[hypervisor.qemu]\nenable_hugepages = false\n");
  host.free_huge_kib = 512 << 10;
  CHECK(state_of(host, setup, "memory") == State::kOk);
}

TEST_CASE("a missing file is named with its key and the place where it was found") {
  const HostReport host = good_host();
  SetupReport setup = good_setup();
  setup.files.push_back({"QEMU", "hypervisor.qemu.path", "/no/qemu", "No such file or directory",
                         "install it", "/usr/bin/qemu"});
  setup.files.push_back({"guest kernel", "hypervisor.qemu.kernel", "/no/vmlinux",
                         "No such file or directory", "make it", ""});
  CHECK(state_of(host, setup, "QEMU") == State::kMissing);
  CHECK(state_of(host, setup, "guest kernel") == State::kMissing);
  const auto findings = check_findings(host, setup);
  CHECK(findings.back().remedy == "make it (hypervisor.qemu.kernel)");
  CHECK(findings[findings.size() - 2].remedy == "set hypervisor.qemu.path to '/usr/bin/qemu'");
  CHECK(suggested_configuration(host, setup) == "[hypervisor.qemu]\npath = \"/usr/bin/qemu\"\n");
}

TEST_CASE("users and a refused configuration are missing") {
  HostReport host = good_host();
  SetupReport setup = good_setup();
  host.is_root = false;
  setup.config_error = "/c:1:1: unknown key";
  for (const char* name : {"user", "configuration"})
    CHECK(state_of(host, setup, name) == State::kMissing);
}

TEST_CASE("a host without a configuration gets a whole one that is accepted") {
  const TempDir dir;
  Globals globals;
  globals.root = "/run/kata-containers";
  globals.config = dir / "absent.toml";
  const SetupReport setup = read_setup(globals);
  REQUIRE(setup.absent());
  const std::string suggestion = suggested_configuration(good_host(), setup);
  write_text(dir / "configuration.toml", suggestion);
  const auto loaded = config::load_config(dir / "configuration.toml");
  REQUIRE_MESSAGE(loaded.ok(), loaded.error().message);
  CHECK(loaded.value().hypervisor.keys.at("accelerator").json == "\"kvm\"");
  CHECK(loaded.value().vm.kernel == "/usr/share/kata-containers/vmlinux");
}

TEST_CASE("a setup is read from the configuration file") {
  const TempDir dir;
  write_text(dir / "vmlinux", "x");
  write_text(dir / "c.toml", "[plugins]\ndirectory = \"" + (dir / "plugins").string() +
                                 "\"\n[hypervisor.qemu]\nkernel = \"" + (dir / "vmlinux").string() +
                                 "\"\ninitrd = \"/no/initrd\"\naccelerator = \"tcg\"\n"
                                 "default_memory = 333\nvirtio_fs_daemon = \"/no/virtiofsd\"\n");
  Globals globals;
  globals.root = "/run/kata-containers";
  globals.config = dir / "c.toml";
  const SetupReport setup = read_setup(globals);
  REQUIRE_MESSAGE(setup.config_error.empty(), setup.config_error);
  CHECK(setup.accelerator == "tcg");
  CHECK(setup.memory_mib == 333);
  CHECK(setup.file("kernel")->error.empty());
  CHECK_FALSE(setup.file("initrd")->error.empty());
  CHECK(setup.file("virtio_fs_daemon")->path == "/no/virtiofsd");
  CHECK(setup.file("hypervisor")->error.find("No such file") != std::string::npos);
  CHECK(setup.file("image") == nullptr);
}

TEST_CASE("check ends with 1 and says why as text and as JSON") {
  RuntimeStage stage;
  write_text(stage.dir / "c.toml", "[hypervisor.qemu]\nkernel = \"/no/k\"\ninitrd = \"/no/i\"\n");
  stage.globals.config = stage.dir / "c.toml";
  const auto text = stage.run("check", {});
  CHECK(text.code.value() == 1);
  CHECK(text.out.find("missing guest kernel: '/no/k': No such file or directory; ") !=
        std::string::npos);
  CHECK(text.out.ends_with("no container can run here\n"));
  CHECK(stage.run("check", {"--quiet"}).out.find("ok ") == std::string::npos);
  const auto outcome = stage.run("check", {"--json"});
  CHECK(outcome.code.value() == 1);
  const auto document = nlohmann::json::parse(outcome.out);
  CHECK(document.at("ok") == false);
  CHECK(document.at("findings").size() > 5);
}

TEST_CASE("what the kernel and the distribution say of themselves is understood") {
  HostReport report;
  read_cpuinfo("processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: X 3\nflags\t\t: fpu vmx\n",
               report);
  CHECK(report.cpu_vendor == "GenuineIntel");
  CHECK(report.cpu_model == "X 3");
  CHECK(report.cpu_virtualises);
  read_meminfo("MemTotal:  100 kB\nMemAvailable: 50 kB\nHugePages_Free: 3\nHugepagesize: 2048 kB\n",
               report);
  CHECK(report.memory_kib == 100);
  CHECK(report.available_kib == 50);
  CHECK(report.free_huge_kib == 6144);
  read_os_release("PRETTY_NAME=\"x\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=12\n", report);
  CHECK(report.distribution == "Debian GNU/Linux");
  CHECK(report.distribution_version == "12");
  HostReport plain;
  read_cpuinfo("flags : svmx vmxx fpu\nnonsense\n", plain);
  read_meminfo("MemTotal: many\n:\n", plain);
  CHECK_FALSE(plain.cpu_virtualises);
  CHECK(plain.memory_kib == 0);
}

TEST_CASE("env is TOML and the same as JSON") {
  RuntimeStage stage;
  stage.globals.config = stage.dir / "absent.toml";
  const auto text = stage.run("env", {});
  CHECK(text.code.value() == 0);
  for (const char* part : {"[Meta]\n", "[Runtime.Version]\n", "[Hypervisor]\nName = \"qemu\"\n",
                           "[Host.CPU]\n", "[Host.Distro]\n"})
    CHECK_MESSAGE(text.out.find(part) != std::string::npos, part);
  const auto document = nlohmann::json::parse(stage.run("env", {"--json"}).out);
  CHECK(document.at("Runtime").at("Root") == stage.globals.root.string());
  CHECK(document.at("Runtime").at("Config").at("Error").get<std::string>().find("absent.toml") !=
        std::string::npos);
  CHECK(document.at("Host").at("CPU").at("CPUs").get<int>() > 0);
}

TEST_CASE("nested objects become tables in order") {
  const nlohmann::ordered_json object = {
      {"B", {{"n", 1}, {"Inner", {{"t", "a\"b"}, {"yes", true}}}, {"list", {1, 2}}}},
      {"A", {{"x", ""}}}};
  CHECK(toml_tables(object) ==
        "[B]\nn = 1\nlist = [1, 2]\n\n[B.Inner]\nt = \"a\\\"b\"\nyes = true\n\n[A]\nx = \"\"\n");
}

TEST_CASE("a program's output is taken up to a limit and its absence is an error") {
  CHECK(program_output({"/bin/echo", "hello"}).value() == "hello\n");
  CHECK(program_output({"/bin/sh", "-c", "echo said; echo noise >&2; exit 3"}).value() == "said\n");
  CHECK(program_output({"/bin/sh", "-c", "printf %05000d 1"}).value().size() == 4096);
  ::setenv("KATA_TEST_WORD", "inherited", 1);
  CHECK(program_output({"/bin/sh", "-c", "echo $KATA_TEST_WORD"}).value() == "inherited\n");
  CHECK_FALSE(program_output({"/no/program"}).ok());
}
