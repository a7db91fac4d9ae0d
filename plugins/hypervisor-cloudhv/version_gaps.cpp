// SPDX-License-Identifier: Apache-2.0
#include "version_gaps.h"

#include <algorithm>

#include "kata/concat.h"

namespace kata::cloudhv {
namespace {

bool is_writable_disk(const Device& device) {
  const auto* const disk = std::get_if<BlockDevice>(&device);
  return disk != nullptr && !disk->read_only;
}

struct Gap {
  bool matters = false;
  std::uint32_t since = 0;
  const char* what = "";
  const char* effect = "";
};

}  // namespace

std::vector<std::string> gaps_of(const VmmVersion& version, const CloudhvConfig& config,
                                 std::span<const Device> devices) {
  const bool writes = std::any_of(devices.begin(), devices.end(), is_writable_disk);
  std::vector<std::string> lines;
  for (const Gap& gap :
       {Gap{config.landlock, kLandlockMajor, "landlock", "only seccomp confines it"},
        Gap{config.disable_nested_virtualization, kNestedMajor, "'nested'",
            "the guest may use virtualization"},
        // A hot-plugged disk may be writable too, and landlock rules it out.
        Gap{writes || !config.landlock, kImageTypeMajor, "'image_type'",
            "it guesses a disk's format from what the guest wrote to it"}})
    if (gap.matters && version.major < gap.since)
      lines.push_back(concat("cloud-hypervisor ", version.text, " has no ", gap.what,
                             " before version ", gap.since, ": ", gap.effect));
  return lines;
}

}  // namespace kata::cloudhv
