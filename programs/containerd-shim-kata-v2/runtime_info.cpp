// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/runtime_info.h"

#include <nlohmann/json.hpp>

#include "containerd/introspection.pb.h"
#include "programs/containerd-shim-kata-v2/runtime_options.h"
#include "sandbox/features_json.h"

namespace kata::shim_v2 {

namespace {

constexpr const char* kRuntimeName = "io.containerd.kata.v2";
constexpr const char* kFeaturesType =
    "types.containerd.io/opencontainers/runtime-spec/1/features/Features";

}  // namespace

Result<std::string> runtime_info(std::string_view options) {
  containerd::RuntimeInfo info;
  info.set_name(kRuntimeName);
  info.mutable_version()->set_version(KATA_VERSION);
  if (!options.empty()) *info.mutable_options() = KATA_TRY(read_options(options), "");
  info.mutable_features()->set_type_url(kFeaturesType);
  info.mutable_features()->set_value(sandbox::features_json(KATA_VERSION).dump());
  return info.SerializeAsString();
}

}  // namespace kata::shim_v2
