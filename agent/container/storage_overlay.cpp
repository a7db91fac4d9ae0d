// SPDX-License-Identifier: Apache-2.0
#include "agent/container/storage_overlay.h"

#include <fcntl.h>

#include "agent.pb.h"
#include "agent/container/names.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr std::string_view kWritable = "io.katacontainers.fs-opt.overlay-rw";
constexpr std::string_view kMakeDirectory = "io.katacontainers.volume.overlayfs.create_directory=";

Result<void> make_directory(std::string_view path) {
  KATA_TRY(check_absolute(path, "driver_options"), "");
  KATA_TRY(check_text(path, "driver_options"), "");
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open '/'", errno);
  KATA_TRY(make_directories_in_root(root.get(), path, 0755), "");
  return {};
}

}  // namespace

Result<OverlayPlan> plan_overlay(const grpc::Storage& storage) {
  OverlayPlan plan;
  for (const std::string& option : storage.driver_options()) {
    const std::string_view text = option;
    if (text.starts_with(kMakeDirectory))
      KATA_TRY(make_directory(text.substr(kMakeDirectory.size())), "");
  }
  for (const std::string& option : storage.options()) {
    if (option == kWritable)
      plan.writable = true;
    else
      plan.options.push_back(option);
  }
  return plan;
}

Result<void> add_upper_layer(OverlayPlan& plan, const std::filesystem::path& scratch) {
  for (const auto& [name, option] :
       {std::pair("upper", "upperdir="), std::pair("work", "workdir=")}) {
    const std::string directory = scratch / name;
    KATA_TRY(make_directory(directory), "");
    plan.options.push_back(concat(option, directory));
  }
  return {};
}

}  // namespace kata::agent
