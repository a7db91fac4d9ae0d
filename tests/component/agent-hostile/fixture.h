// SPDX-License-Identifier: Apache-2.0
//
// A hostile container as data: what is wrong with its rootfs or its config.json, and the verdict
// that is expected of the agent and of crun.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "oci.pb.h"

namespace kata::agent::hostile {

using Json = nlohmann::json;

// `canary` is a directory outside of the rootfs with the file "secret"; nothing may change there.
struct Place {
  std::filesystem::path rootfs{}, canary{};
};

struct Fixture {
  const char* name;
  void (*prepare)(const Place&) = nullptr;  // before the container is created
  void (*edit)(Json& config, const Place&) = nullptr;
  // What config.json cannot say, or a host refuses before it asks an agent. `edit` is crun's alone
  // then, and without one crun is not asked.
  void (*change)(grpc::Spec&) = nullptr;
  const char* rejected = nullptr;  // a part of the error; null: the container runs
  const char* prints = "ran\n";    // a part of its output then
  const char* crun = nullptr;      // why crun decides otherwise; null: it decides the same
};

// A device that needs no capability to be opened: what refuses it are the rules.
inline constexpr const char* kOpenTun =
    "mknod /scratch/tun c 10 200; (: < /scratch/tun) 2>/dev/null && echo opened || echo refused";

std::span<const Fixture> rootfs_fixtures();
std::span<const Fixture> mount_fixtures();
std::span<const Fixture> process_fixtures();
std::span<const Fixture> linux_fixtures();

// For the tables.
void replace_by_link(const std::filesystem::path& path, const std::filesystem::path& target);
void write_file(const std::filesystem::path& path, std::string_view content);
void run_script(Json& config, const char* script);
void add_mount(Json& config, const std::string& destination, const std::string& type,
               const std::string& source, const std::vector<std::string>& options = {});
void without_dev_mounts(Json& config);  // the rootfs' own /dev shows

}  // namespace kata::agent::hostile
