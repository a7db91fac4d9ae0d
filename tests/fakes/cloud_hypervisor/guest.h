// SPDX-License-Identifier: Apache-2.0
//
// What of a guest shows on the host: threads of vCPUs, console output, and a hybrid vsock behind
// whose port 1024 is the socket FAKE_CLOUDHV_AGENT, or nobody.
#pragma once

#include <nlohmann/json.hpp>

namespace kata::fake_cloudhv {

void run_guest(const nlohmann::json& vm_config);

}  // namespace kata::fake_cloudhv
