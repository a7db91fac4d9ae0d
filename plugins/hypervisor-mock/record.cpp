// SPDX-License-Identifier: Apache-2.0
#include "record.h"

#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "kata/state_file.h"

namespace kata::mock {

namespace {

constexpr const char* kFile = "mock.json";
constexpr std::size_t kMost = 64U << 10;

}  // namespace

std::string to_text(const Record& record) {
  return nlohmann::json{
      {"pid", record.pid}, {"start_time", record.start_time}, {"cgroups", record.cgroups}}
      .dump();
}

Result<Record> parse_record(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    return Record{json.at("pid").get<std::int32_t>(), json.at("start_time").get<std::uint64_t>(),
                  json.at("cgroups").get<std::vector<std::string>>()};
  } catch (const nlohmann::json::exception& exception) {
    return make_error(ErrorCode::kInvalidArgument, concat("saved state: ", exception.what()));
  }
}

Result<void> write_record(const std::filesystem::path& state_dir, const Record& record) {
  return write_state_file(state_dir / kFile, to_text(record));
}

Result<Record> read_record(const std::filesystem::path& state_dir) {
  const auto text = KATA_TRY(read_state_file(state_dir / kFile, kMost), "");
  if (!text) return Record{};
  return KATA_TRY(parse_record(*text), concat("'", state_dir / kFile, "'"));
}

Result<void> remove_record(const std::filesystem::path& state_dir) {
  return remove_state_file(state_dir / kFile);
}

}  // namespace kata::mock
