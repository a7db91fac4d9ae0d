// SPDX-License-Identifier: Apache-2.0
#include "kata/plugin/export.h"
#include "tap_network.h"

namespace {

constexpr kata::plugin::ConfigField kConfig[] = {
    {"internetworking_model", "string", R"("tcfilter")",
     "How a link of the pod and the guest's NIC are joined: tcfilter mirrors each frame to the "
     "other side, macvtap puts a macvtap on the link, none makes the tap and leaves the joining to "
     "others."},
    {"disable_new_netns", "boolean", "false",
     "Kata's key; the namespace comes from the engine, and true needs internetworking_model = "
     "\"none\"."},
    {"rx_rate_limiter_max_rate", "integer", "0",
     "Most that each NIC of the guest receives, in bit/s; 0: no limit."},
    {"tx_rate_limiter_max_rate", "integer", "0",
     "Most that each NIC of the guest sends, in bit/s; 0: no limit."},
};

}  // namespace

KATA_PLUGIN(Network, kata::tap::TapNetwork, "tap", "0.1.0", "kata", "Apache-2.0",
            "Joins the links of a pod's network namespace to taps for the guest", kConfig);
