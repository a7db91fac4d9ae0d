// SPDX-License-Identifier: Apache-2.0
#include "kata/plugin/export.h"
#include "throttler.h"

namespace {

constexpr kata::plugin::ConfigField kConfig[] = {
    {"policy", "string", R"("ladder")",
     "ladder: aggressive, standard, slow, then the host's settings again, by time; adaptive: scan "
     "as long as it pays."},
    {"sysfs_directory", "path", R"("/sys/kernel/mm/ksm")", "The kernel's KSM files."},
    {"proc_directory", "path", R"("/proc")", "Where meminfo, pressure/cpu and ksmd's stat are."},
    {"initial_s", "integer", "120",
     "Seconds from the daemon's start to a first round for VMs that run already; 0: no such "
     "round."},
    {"aggressive_s", "integer", "30", "Seconds on the rung aggressive, after a VM has started."},
    {"standard_s", "integer", "120", "Seconds on the rung standard."},
    {"slow_s", "integer", "120", "Seconds on the rung slow; after it the host's settings return."},
    {"aggressive_divisor", "integer", "10", "pages_to_scan = anonymous pages of the host / this."},
    {"aggressive_sleep_ms", "integer", "1", "ksmd's sleep between batches, in ms."},
    {"standard_divisor", "integer", "100", "pages_to_scan = anonymous pages of the host / this."},
    {"standard_sleep_ms", "integer", "10", "ksmd's sleep between batches, in ms."},
    {"slow_divisor", "integer", "500", "pages_to_scan = anonymous pages of the host / this."},
    {"slow_sleep_ms", "integer", "100", "ksmd's sleep between batches, in ms."},
    {"sample_ms", "integer", "100", "adaptive: milliseconds between two looks at the gain."},
    {"rest_s", "integer", "10",
     "adaptive: seconds of rest after a burst without a gain; twice as long after the next one."},
    {"quiet_s", "integer", "120", "adaptive: scanning ends after so many seconds without a gain."},
    {"least_pages_per_cpu_second", "integer", "1000",
     "adaptive: a scan pays when it merges so many pages in a second of ksmd's CPU time."},
    {"most_cpu_pressure_percent", "integer", "25",
     "adaptive: above this CPU pressure (PSI, some, 10 s) ksmd runs on the rung slow."},
    {"advisor", "boolean", "true",
     "adaptive: on the rung slow the kernel's scan-time advisor chooses pages_to_scan, where it "
     "has one."},
    {"smart_scan", "boolean", "true", "Skip pages that never merged, where the kernel can."},
    {"use_zero_pages", "boolean", "true",
     "Merge empty pages with the kernel's zero page, where it can."},
};

}  // namespace

KATA_PLUGIN(MemoryDedup, kata::ksm::Throttler, "ksm-throttler", "0.1.0", "kata", "Apache-2.0",
            "Merges equal pages of guests by the kernel's KSM, as hard as it pays", kConfig);
