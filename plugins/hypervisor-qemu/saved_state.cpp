// SPDX-License-Identifier: Apache-2.0
#include "saved_state.h"

#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "saved_json.h"

namespace kata::qemu {
namespace {

constexpr int kVersion = 1;

using vmm::number;
using vmm::unusable;

Result<void> read_nics(const nlohmann::json& object, NicSlots& nics) {
  const auto found = object.find("nics");
  if (found == object.end() || !found->is_object()) return unusable("'nics' is no object");
  for (const auto& [id, slot] : found->items())
    if (!slot.is_number_unsigned() || !nics.restore(id, slot.get<std::uint64_t>()))
      return unusable(concat("'nics' has no slot of its own for '", id, "'"));
  return {};
}

}  // namespace

std::string to_json(const SavedState& state) {
  return nlohmann::json{{"version", kVersion},
                        {"pid", static_cast<std::uint32_t>(state.pid)},
                        {"start_time", state.start_time},
                        {"guest_cid", state.guest_cid},
                        {"nics", state.nics.all()}}
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
  state.guest_cid = static_cast<std::uint32_t>(KATA_TRY(number(json, "guest_cid", UINT32_MAX), ""));
  KATA_TRY(read_nics(json, state.nics), "");
  if (state.pid == 1) return unusable("'pid' is 1");
  return state;
}

}  // namespace kata::qemu
