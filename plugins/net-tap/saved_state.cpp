// SPDX-License-Identifier: Apache-2.0
#include "saved_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::tap {

namespace {

constexpr const char* kFile = "attachments";
constexpr std::size_t kMaxSize = 1U << 20;

Error damaged(std::string_view why) {
  return make_error(ErrorCode::kInvalidArgument, concat("record of attached links: ", why));
}

nlohmann::json to_value(const Attachment& item) {
  return {{"link", item.link},        {"link_index", item.link_index}, {"link_mac", item.link_mac},
          {"tap", item.tap},          {"tap_index", item.tap_index},   {"tap_mac", item.tap_mac},
          {"mirrored", item.mirrored}};
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
          json.at("mirrored").get<bool>()};
}

}  // namespace

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
  const auto file = state_dir / kFile, next = state_dir / concat(kFile, ".new");
  const std::string text = to_json(state);
  const UniqueFd fd(
      ::open(next.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::rename(next.c_str(), file.c_str()) != 0)
    return errno_error(concat("write '", file, "'"), errno);
  return {};
}

Result<SavedState> read_state(const std::filesystem::path& state_dir) {
  const auto file = state_dir / kFile;
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno == ENOENT) return SavedState{};
  std::string text(kMaxSize + 1, '\0');
  const ssize_t got = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (got < 0) return errno_error(concat("read '", file, "'"), errno);
  text.resize(static_cast<std::size_t>(got));
  return state_from_json(text);
}

Result<void> remove_state(const std::filesystem::path& state_dir) {
  for (const auto& name : {std::string(kFile), concat(kFile, ".new")})
    if (::unlink((state_dir / name).c_str()) != 0 && errno != ENOENT)
      return errno_error(concat("remove '", state_dir / name, "'"), errno);
  return {};
}

}  // namespace kata::tap
