// SPDX-License-Identifier: Apache-2.0
#include "saved_state.h"

#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "saved_json.h"

namespace kata::cloudhv {
namespace {

constexpr int kVersion = 1;

using vmm::number;
using vmm::unusable;

}  // namespace

std::string to_json(const SavedState& state) {
  return nlohmann::json{{"version", kVersion},
                        {"pid", static_cast<std::uint32_t>(state.pid)},
                        {"start_time", state.start_time},
                        {"most_memory_bytes", state.most_memory_bytes},
                        {"devices", state.devices}}
      .dump();
}

Result<SavedState> parse_saved_state(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return unusable("not a JSON object");
  const std::uint64_t version = KATA_TRY(number(json, "version", UINT32_MAX), "");
  if (version != kVersion)
    return unusable(concat("version ", version, ", this plugin reads ", kVersion));
  SavedState state;
  state.pid = static_cast<std::int32_t>(KATA_TRY(number(json, "pid", INT32_MAX), ""));
  state.start_time = KATA_TRY(number(json, "start_time", UINT64_MAX), "");
  if (json.contains("most_memory_bytes"))
    state.most_memory_bytes = KATA_TRY(number(json, "most_memory_bytes", UINT64_MAX), "");
  const auto devices = json.find("devices");
  if (devices == json.end() || !devices->is_array()) return unusable("'devices' is no array");
  for (const nlohmann::json& id : *devices) {
    if (!id.is_string()) return unusable("'devices' holds what is no id");
    state.devices.insert(id.get<std::string>());
  }
  if (state.pid == 1) return unusable("'pid' is 1");
  return state;
}

}  // namespace kata::cloudhv
