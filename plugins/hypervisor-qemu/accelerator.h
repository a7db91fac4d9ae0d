// SPDX-License-Identifier: Apache-2.0
//
// KVM or TCG. /dev/kvm alone proves nothing: some hosts have the device and a CPU that offers
// neither VMX nor SVM, and QEMU would only find out when it makes the VM.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host_facts.h"
#include "kata/result.h"

namespace kata::qemu {

enum class Accelerator : std::int32_t { kKvm = 1, kTcg };

struct AcceleratorChoice {
  Accelerator accelerator = Accelerator::kTcg;
  std::string reason{};
};

// `wanted` is "auto", "kvm" or "tcg"; "kvm" on a host without it is an error that says why.
Result<AcceleratorChoice> choose_accelerator(std::string_view wanted, const HostFacts& host);

}  // namespace kata::qemu
