// SPDX-License-Identifier: Apache-2.0
//
// What a QemuHypervisor over fake-qemu needs around it.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "kata/concat.h"
#include "qemu_hypervisor.h"

namespace kata::qemu::test {

inline Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

struct QuietHost final : plugin::Host {
  void log(Level, std::string_view) noexcept override {}
  std::uint64_t begin_span(std::string_view) noexcept override { return 0; }
  void end_span(std::uint64_t) noexcept override {}
};

// A directory with a kernel and an initrd to name, and the plugin's empty state directory.
struct Workshop {
  QuietHost host{};
  std::filesystem::path root{};

  Workshop() {
    char name[] = "/tmp/kata-qemu-XXXXXX";
    root = ::mkdtemp(name);
    std::filesystem::create_directory(state());
    std::ofstream(root / "vmlinux") << "kernel";
    std::ofstream(root / "initrd") << "initrd";
  }
  ~Workshop() { std::filesystem::remove_all(root); }

  std::filesystem::path state() const { return root / "state"; }
  std::size_t files_left() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(state()), {}));
  }
  VmSpec spec() const {
    VmSpec spec;
    spec.id = "test";
    spec.kernel = root / "vmlinux";
    spec.initrd = root / "initrd";
    spec.boot = {1, 128};
    return spec;
  }
  std::unique_ptr<QemuHypervisor> make(std::string_view behaviour, std::string_view saved = {},
                                       std::string_view path = FAKE_QEMU) {
    const std::string config =
        concat(R"({"path":")", path, R"(","agent_transport":"serial","accelerator":"tcg",)",
               R"("cpu_features":"fake=)", behaviour, R"("})");
    auto made = QemuHypervisor::create({host, config, "test", state(), saved});
    REQUIRE(made.ok());
    return made.take();
  }
  std::unique_ptr<QemuHypervisor> created(std::string_view behaviour,
                                          std::string_view path = FAKE_QEMU) {
    auto hypervisor = make(behaviour, {}, path);
    const auto result = hypervisor->create_vm(spec(), {});
    REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
    return hypervisor;
  }
  std::unique_ptr<QemuHypervisor> started(std::string_view behaviour) {
    auto hypervisor = created(behaviour);
    const auto result = hypervisor->start_vm(in(std::chrono::seconds(10)));
    REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
    return hypervisor;
  }
};

}  // namespace kata::qemu::test
