// SPDX-License-Identifier: Apache-2.0
//
// Refuses what no VMM could run, before anything is made: each message names the value and the key
// or device it came from. What only one VMM cannot do is its plugin's to refuse.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "kata/plugin/hypervisor.h"
#include "kata/result.h"

namespace kata::vmm {

inline constexpr std::size_t kKernelCommandLineMax = 2047;  // x86: COMMAND_LINE_SIZE - 1

struct Vmm {
  std::string_view plugin{};     // "qemu", as configuration.toml says it
  std::string_view product{};    // "QEMU"
  std::string_view remedy{};     // "install qemu-system-x86"
  std::uint32_t most_vcpus = 0;  // of a VM at its start
};

// The program: absent, not a file, not executable.
Result<void> check_program(const Vmm& vmm, const std::filesystem::path& path);

// A regular file that can be read; `what` is "kernel", "initrd" or "image", and its key.
Result<void> check_guest_file(const Vmm& vmm, std::string_view what,
                              const std::filesystem::path& path);

// The id, the size and the kind of memory, and the kernel.
Result<void> check_spec(const Vmm& vmm, const VmSpec& spec);

// `length`: of the whole command line, the plugin's own words included.
Result<void> check_kernel_params(const Vmm& vmm, const VmSpec& spec, std::size_t length);

// `carries` refuses what this VMM cannot carry; it sees only devices that are well-formed.
Result<void> check_devices(std::span<const Device> devices, bool shared_memory,
                           Result<void> (*carries)(const Device& device));

const std::string& id_of(const Device& device);

}  // namespace kata::vmm
