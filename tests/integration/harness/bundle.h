// SPDX-License-Identifier: Apache-2.0
//
// OCI bundles for tests: a busybox rootfs and a config.json as `runc spec` would write it, which a
// test then edits as JSON.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kata::test {

// Debian's static busybox with all its applets, /etc/passwd and /etc/group.
void make_busybox_rootfs(const std::filesystem::path& rootfs);

nlohmann::json default_spec(const std::vector<std::string>& args);

// A directory with rootfs/ and config.json.
void make_bundle(const std::filesystem::path& bundle, const nlohmann::json& spec);

}  // namespace kata::test
