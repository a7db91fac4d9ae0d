// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/plan_pod.h"

#include <optional>
#include <utility>

#include "core/base/log.h"
#include "core/config/load.h"
#include "sandbox/systemd_scope.h"

namespace kata::shim_v2 {

namespace {

Result<config::Config> load_configuration(const std::string& path) {
  const auto named = path.empty() ? std::nullopt : std::optional<std::filesystem::path>(path);
  const auto file = KATA_TRY(config::find_config_file(named), "");
  auto config = KATA_TRY(config::load_config(file), "");
  for (const std::string& warning : config.warnings) log::warn(warning);
  return config;
}

// Nobody tells a shim whether systemd is to own its groups; only the form of the path does.
Result<sandbox::CgroupsPath> cgroups_path_of(const std::string& id, const grpc::Spec& spec) {
  sandbox::CgroupsPath path{spec.linux().cgroupspath(), false};
  if (!sandbox::has_systemd_form(path.text) || !sandbox::systemd_runs_here()) return path;
  path.text = KATA_TRY(sandbox::systemd_cgroups_path(path.text, id), "");
  path.systemd_scope = true;
  return path;
}

}  // namespace

Result<sandbox::SandboxPlan> plan_pod(const std::string& id, const grpc::Spec& spec,
                                      const std::filesystem::path& bundle,
                                      const std::string& config_path) {
  config::Config config = KATA_TRY(load_configuration(config_path), "");
  const auto cgroups = KATA_TRY(cgroups_path_of(id, spec), "");
  return sandbox::plan_sandbox(id, spec, bundle, cgroups, std::move(config));
}

}  // namespace kata::shim_v2
