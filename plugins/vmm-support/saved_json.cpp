// SPDX-License-Identifier: Apache-2.0
#include "saved_json.h"

#include <nlohmann/json.hpp>

#include "kata/concat.h"

namespace kata::vmm {

Error unusable(std::string_view why) {
  return make_error(ErrorCode::kInvalidArgument, concat("read the saved state of the VM: ", why));
}

Result<std::uint64_t> number(const nlohmann::json& object, const char* key, std::uint64_t limit) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned())
    return unusable(concat("'", key, "' is missing or no number"));
  const auto value = found->get<std::uint64_t>();
  if (value > limit) return unusable(concat("'", key, "' = ", value, " is too large"));
  return value;
}

}  // namespace kata::vmm
