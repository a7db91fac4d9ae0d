// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as config.json as exec's process file or as update's limits: a spec or a one-line
// complaint.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "protocol/oci.pb.h"
#include "sandbox/oci_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  grpc::Spec spec;
  std::vector<std::string> warnings;
  const auto parsed = kata::sandbox::parse_spec(text, "config.json", spec, &warnings);
  if (parsed.ok() && (spec.process().args().empty() || spec.root().path().empty())) std::abort();
  if (!parsed.ok() && parsed.error().message.find('\n') != std::string::npos) std::abort();
  grpc::Process process;
  const auto alone = kata::sandbox::parse_process(text, "process.json", process);
  if (alone.ok() && process.args().empty()) std::abort();
  grpc::LinuxResources resources;
  const auto limits = kata::sandbox::parse_resources(text, "resources", resources, &warnings);
  if (!limits.ok() && limits.error().message.find('\n') != std::string::npos) std::abort();
  return 0;
}
