// SPDX-License-Identifier: Apache-2.0
#include "saved_state.h"

#include <climits>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "kata/state_file.h"

namespace kata::tap {

namespace {

constexpr const char* kFile = "attachments";
constexpr std::size_t kMaxSize = 1U << 20;

Error damaged(std::string_view why) {
  return make_error(ErrorCode::kInvalidArgument, concat("record of attached links: ", why));
}

nlohmann::json to_value(const Attachment& item) {
  return {{"link", item.link},         {"link_index", item.link_index}, {"link_mac", item.link_mac},
          {"tap", item.tap},           {"tap_index", item.tap_index},   {"tap_mac", item.tap_mac},
          {"mirrored", item.mirrored}, {"limited", item.limited},       {"device", item.device}};
}

// A number of another kind or size is 0, which names no link.
int index_from(const nlohmann::json& json) {
  if (!json.is_number_unsigned()) return 0;
  const auto number = json.get<std::uint64_t>();
  return number <= INT_MAX ? static_cast<int>(number) : 0;
}

Attachment from_value(const nlohmann::json& json) {
  return {json.at("link").get<std::string>(),     index_from(json.at("link_index")),
          json.at("link_mac").get<std::string>(), json.at("tap").get<std::string>(),
          index_from(json.at("tap_index")),       json.at("tap_mac").get<std::string>(),
          json.at("mirrored").get<bool>(),        json.at("limited").get<bool>(),
          json.at("device").get<std::string>()};
}

}  // namespace

Result<std::optional<NetworkNamespace>> open_attached(const SavedState& state) {
  auto space = open_namespace(state.netns);
  if (space.ok()) {
    if (space.value().inode != state.inode) return std::optional<NetworkNamespace>();
    return std::optional<NetworkNamespace>(space.take());
  }
  const ErrorCode code = space.error().code;
  if (code == ErrorCode::kNotFound || code == ErrorCode::kInvalidArgument)
    return std::optional<NetworkNamespace>();
  return std::move(space).error();
}

std::string to_json(const SavedState& state) {
  nlohmann::json attachments = nlohmann::json::array();
  for (const Attachment& item : state.attachments) attachments.push_back(to_value(item));
  const nlohmann::json json{{"netns", state.netns.native()},
                            {"inode", state.inode},
                            {"attachments", std::move(attachments)}};
  // dump() throws for what is not UTF-8; attach() accepts no such path.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<SavedState> state_from_json(std::string_view text) {
  if (text.size() > kMaxSize) return damaged("too long");
  try {
    const auto json = nlohmann::json::parse(text);
    SavedState state;
    state.netns = json.at("netns").get<std::string>();
    const auto& inode = json.at("inode");
    if (!inode.is_number_unsigned()) return damaged("'inode' is not a number");
    state.inode = inode.get<std::uint64_t>();
    for (const auto& item : json.at("attachments")) {
      state.attachments.push_back(from_value(item));
      if (state.attachments.back().link_index == 0 || state.attachments.back().tap_index == 0)
        return damaged("'link_index' or 'tap_index' is not the index of a link");
    }
    return state;
  } catch (const nlohmann::json::exception& exception) {
    return damaged(exception.what());
  }
}

Result<void> write_state(const std::filesystem::path& state_dir, const SavedState& state) {
  return write_state_file(state_dir / kFile, to_json(state));
}

Result<SavedState> read_state(const std::filesystem::path& state_dir) {
  const auto text = KATA_TRY(read_state_file(state_dir / kFile, kMaxSize + 1), "");
  return text ? state_from_json(*text) : SavedState{};
}

Result<void> remove_state(const std::filesystem::path& state_dir) {
  return remove_state_file(state_dir / kFile);
}

}  // namespace kata::tap
