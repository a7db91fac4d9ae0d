// SPDX-License-Identifier: Apache-2.0
#include "agent/volumes.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/container/kernel_text.h"
#include "agent/container/names.h"
#include "core/base/files.h"
#include "csi.pb.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

void add_usage(grpc::VolumeStatsResponse& stats, grpc::VolumeUsage::Unit unit, std::uint64_t total,
               std::uint64_t free, std::uint64_t available) {
  grpc::VolumeUsage& usage = *stats.add_usage();
  usage.set_unit(unit);
  usage.set_total(total);
  usage.set_used(total - free);
  usage.set_available(available);
}

}  // namespace

Result<grpc::VolumeStatsResponse> volume_stats(const std::string& path) {
  KATA_TRY(check_absolute(path, "volume_guest_path"), "");
  KATA_TRY(check_text(path, "volume_guest_path"), "");
  struct statvfs found {};
  if (::statvfs(path.c_str(), &found) != 0)
    return make_error(ErrorCode::kInternal,
                      concat("volume_guest_path: '", path, "': ", std::strerror(errno)));
  grpc::VolumeStatsResponse stats;
  add_usage(stats, grpc::VolumeUsage::BYTES, found.f_blocks * found.f_frsize,
            found.f_bfree * found.f_frsize, found.f_bavail * found.f_frsize);
  add_usage(stats, grpc::VolumeUsage::INODES, found.f_files, found.f_ffree, found.f_favail);
  stats.mutable_volume_condition()->set_abnormal(false);
  stats.mutable_volume_condition()->set_message("OK");
  return stats;
}

void drop_stale_mounts(const std::filesystem::path& directory) {
  const auto text = read_file("/proc/self/mountinfo");
  if (!text.ok()) return;
  const std::string prefix = directory.lexically_normal().string() + '/';
  struct stat ignored {};
  for (const MountLine& mount : parse_mountinfo(text.value()))
    if (mount.mount_point.starts_with(prefix))
      static_cast<void>(::stat(mount.mount_point.c_str(), &ignored));
}

}  // namespace kata::agent
