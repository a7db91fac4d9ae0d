// SPDX-License-Identifier: Apache-2.0
//
// config.json of an OCI bundle → the agent's Spec message. Strict: a missing field, a wrong type or
// a value outside its range is an error that names the file and the path of the key
// ("/b/config.json: process.args: must not be empty"). Keys that the guest cannot honour yet are
// warnings by name. https://github.com/opencontainers/runtime-spec/blob/v1.1.0/config.md
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace grpc {
class LinuxResources;
class Process;
class Spec;
}  // namespace grpc

namespace kata::sandbox {

struct Bundle {
  std::filesystem::path directory{};  // absolute
  std::filesystem::path rootfs{};     // absolute, resolved; a directory that exists
  std::vector<std::string> warnings{};
};

Result<Bundle> load_bundle(const std::filesystem::path& directory, grpc::Spec& spec);

// `where` is put in front of messages. `warnings` may be null.
Result<void> parse_spec(std::string_view json, std::string_view where, grpc::Spec& spec,
                        std::vector<std::string>* warnings);
Result<void> parse_process(std::string_view json, std::string_view where,
                           grpc::Process& process);  // exec --process FILE
Result<void> parse_resources(std::string_view json, std::string_view where,
                             grpc::LinuxResources& resources,
                             std::vector<std::string>* warnings);  // update --resources FILE

// Every capability that a container can be given: "CAP_CHOWN", by number.
std::span<const std::string_view> known_capabilities();

}  // namespace kata::sandbox
