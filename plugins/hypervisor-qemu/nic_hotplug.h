// SPDX-License-Identifier: Apache-2.0
//
// NICs that come and go while the guest runs, as monitor commands.
#pragma once

#include <cstdint>
#include <string_view>

#include "kata/plugin/device.h"
#include "qmp_client.h"

namespace kata::qemu {

// On failure nothing of the NIC is left in QEMU, as far as its monitor still answers.
Result<void> plug_nic(QmpClient& monitor, const TapDevice& tap, std::uint32_t slot, bool vhost_net,
                      Deadline deadline);

// Asks the guest, waits until it has let go, and drops the tap. kTimeout: the guest has not; the
// NIC stays, and a later call waits again. A NIC that QEMU does not know (any more) is success.
Result<void> unplug_nic(QmpClient& monitor, std::string_view id, Deadline deadline);

}  // namespace kata::qemu
