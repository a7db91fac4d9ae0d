// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/standalone.h"

#include <algorithm>

#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::shim_v2 {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFolder = "pod-files";
constexpr const char* kFiles[] = {"hostname", "hosts", "resolv.conf"};
constexpr const char* kHosts = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

bool has_mount_at(const grpc::Spec& spec, const std::string& place) {
  return std::any_of(spec.mounts().begin(), spec.mounts().end(),
                     [&](const grpc::Mount& mount) { return mount.destination() == place; });
}

Result<void> write(const fs::path& file, const std::string& text) {
  if (text.empty()) return {};
  return write_file_atomically(file, text, 0644);
}

}  // namespace

Result<void> write_pod_files(const fs::path& directory, const std::string& hostname,
                             const std::vector<std::string>& dns) {
  const fs::path folder = directory / kFolder;
  std::error_code failure;
  fs::create_directory(folder, failure);
  if (failure)
    return make_error(ErrorCode::kInternal,
                      concat("make directory '", folder, "': ", failure.message()));
  std::string resolv_conf;
  for (const std::string& line : dns) resolv_conf += line + '\n';
  KATA_TRY(write(folder / "hostname", hostname.empty() ? hostname : hostname + '\n'), "");
  KATA_TRY(write(folder / "hosts", kHosts), "");
  return write(folder / "resolv.conf", resolv_conf);
}

void give_to_container(const fs::path& directory, const std::map<std::string, std::string>& sysctls,
                       grpc::Spec& spec) {
  auto& own = *spec.mutable_linux()->mutable_sysctl();
  for (const auto& [name, value] : sysctls) own.insert({name, value});
  for (const char* const name : kFiles) {
    const fs::path source = directory / kFolder / name;
    const std::string place = concat("/etc/", name);
    std::error_code unclear;
    if (!fs::exists(source, unclear) || has_mount_at(spec, place)) continue;
    grpc::Mount& mount = *spec.add_mounts();
    mount.set_destination(place);
    mount.set_source(source);
    mount.set_type("bind");
    for (const char* option : {"rbind", "rprivate", spec.root().readonly() ? "ro" : "rw"})
      mount.add_options(option);
  }
}

}  // namespace kata::shim_v2
