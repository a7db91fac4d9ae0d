// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cerrno>
#include <fstream>

#include "accelerator.h"
#include "agent_transport.h"
#include "firmware.h"
#include "qemu_config.h"
#include "tests/temporary_directory.h"
#include "tsc.h"

using namespace kata;
using namespace kata::qemu;

TEST_CASE("auto takes KVM where the device opens and the CPU has vmx or svm") {
  for (const char* flags : {" fpu vmx sse", "svm", "fpu svm"}) {
    const auto choice = choose_accelerator("auto", {.cpu_flags = flags});
    REQUIRE(choice.ok());
    CHECK(choice.value().accelerator == Accelerator::kKvm);
  }
}

TEST_CASE("auto takes TCG and says why where KVM is only half there") {
  const auto no_flag = choose_accelerator("auto", {.cpu_flags = "fpu svm_lock nosvm vmxx"});
  REQUIRE(no_flag.ok());
  CHECK(no_flag.value().accelerator == Accelerator::kTcg);
  CHECK(no_flag.value().reason.find("neither vmx nor svm") != std::string::npos);
  const auto denied = choose_accelerator("auto", {.kvm_errno = EACCES, .cpu_flags = "vmx"});
  REQUIRE(denied.ok());
  CHECK(denied.value().accelerator == Accelerator::kTcg);
  CHECK(denied.value().reason.find("Permission denied") != std::string::npos);
}

TEST_CASE("kvm on a host without it is refused and tcg is always possible") {
  const HostFacts bare{.kvm_errno = ENOENT};
  const auto kvm = choose_accelerator("kvm", bare);
  REQUIRE_FALSE(kvm.ok());
  CHECK(kvm.error().code == ErrorCode::kUnsupported);
  CHECK(kvm.error().message.find("hypervisor.qemu.accelerator") != std::string::npos);
  const auto tcg = choose_accelerator("tcg", {.cpu_flags = "vmx"});
  REQUIRE(tcg.ok());
  CHECK(tcg.value().accelerator == Accelerator::kTcg);
}

TEST_CASE("the agent is reached by vsock only where vhost-vsock opens") {
  const HostFacts with{}, without{.vsock_errno = ENOENT};
  CHECK(choose_transport("auto", with).take().transport == AgentTransport::kVsock);
  CHECK(choose_transport("serial", with).take().transport == AgentTransport::kSerial);
  CHECK(choose_transport("auto", without).take().transport == AgentTransport::kSerial);
  CHECK_FALSE(choose_transport("vsock", without).ok());
}

TEST_CASE("the firmware is the configured one, else qboot beside QEMU where it saves time") {
  const TemporaryDirectory tree;
  std::filesystem::create_directories(tree.path() / "share/qemu");
  QemuConfig config;
  config.path = tree.path() / "bin/qemu-system-x86_64";
  CHECK(choose_firmware(config, Accelerator::kTcg).empty());
  const auto qboot = tree.path() / "share/qemu/qboot.rom";
  std::ofstream(qboot) << "rom";
  CHECK(choose_firmware(config, Accelerator::kTcg) == qboot);
  CHECK(choose_firmware(config, Accelerator::kKvm).empty());
  config.machine_type = "pc";
  CHECK(choose_firmware(config, Accelerator::kTcg).empty());
  config.firmware = "/fw.bin";
  CHECK(choose_firmware(config, Accelerator::kKvm) == "/fw.bin");
}

TEST_CASE("the config is read and unset keys keep their defaults") {
  const auto config = parse_config(R"({"path":"/q","accelerator":"tcg","disable_vhost_net":true})");
  REQUIRE(config.ok());
  CHECK(config.value().path == "/q");
  CHECK(config.value().accelerator == "tcg");
  CHECK(config.value().disable_vhost_net);
  CHECK(config.value().machine_type == "q35");
}

TEST_CASE("the limits of tcg_tb_size are in it") {
  CHECK(parse_config(R"({"tcg_tb_size":0})").value().tcg_tb_size == 0);
  CHECK(parse_config(R"({"tcg_tb_size":4})").value().tcg_tb_size == 4);
  CHECK(parse_config(R"({"tcg_tb_size":2048})").value().tcg_tb_size == 2048);
}

TEST_CASE("a config value that means nothing is refused by key and value") {
  for (const char* json :
       {R"({"path":"qemu"})", R"({"path":""})", R"({"machine_type":"microvm"})",
        R"({"accelerator":"xen"})", R"({"agent_transport":"tcp"})", R"({"tcg_tb_size":3})",
        R"({"tcg_tb_size":2049})", R"({"tcg_tb_size":-1})", R"({"tcg_tb_size":4294967312})",
        R"({"tcg_tb_size":2e50})",
        R"({"firmware":"fw"})", R"({"path":7})", "[]", "{", ""}) {
    CAPTURE(json);
    const auto config = parse_config(json);
    REQUIRE_FALSE(config.ok());
    CHECK(config.error().code == ErrorCode::kInvalidArgument);
    CHECK(config.error().message.find("hypervisor.qemu") != std::string::npos);
  }
}

TEST_CASE("a TSC rate comes from two samples and an unbelievable one is dropped") {
  CHECK(tsc_khz_between({0, 0}, {20'000'000, 10'000'000}) == 2'000'000);
  CHECK(tsc_khz_between({0, 0}, {2'000'000, 999'999}) == 0);
  CHECK(tsc_khz_between({5, 0}, {5, 10'000'000}) == 0);
  CHECK(tsc_khz_between({9, 0}, {5, 10'000'000}) == 0);
  CHECK(tsc_khz_between({0, 0}, {1'000, 10'000'000}) == 0);
  CHECK(tsc_khz_between({0, 0}, {1ULL << 60, 10'000'000}) == 0);
}

#if defined(__x86_64__)
TEST_CASE("two measurements of the TSC agree to one part in a thousand") {
  const auto first = static_cast<double>(measure_tsc_khz(sample_tsc()));
  const auto second = static_cast<double>(measure_tsc_khz(sample_tsc()));
  REQUIRE(first > 0);
  CHECK(second == doctest::Approx(first).epsilon(0.001));
}
#endif
